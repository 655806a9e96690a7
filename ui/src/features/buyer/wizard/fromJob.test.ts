import { expect, test } from 'vitest';
import { jobSpec } from '../schemas';
import { SPEC } from '../test/answers';
import { hasUnpostedDraft, startFrom, valuesOf } from './fromJob';
import { findProblems } from './problems';
import { messages } from './messages';
import { submissionKey } from './submissionKey';
import { DEFAULTS, toRequest } from './values';

const JOB = { spec: jobSpec.parse(SPEC), key_bits: 3072, created_at: SPEC.start_by - 7200 + 0.4 };

test('the settings of a job ask for the same again', () => {
  const values = valuesOf(JOB);
  expect(findProblems(values, messages.en.problems)).toEqual([]);
  const { start_by, finish_by, ...terms } = SPEC;
  expect(toRequest(values)).toEqual({
    ...terms,
    start_within_s: 7200,
    finish_within_s: 7200 + finish_by - start_by,
    key_bits: 3072,
  });
});

test('what the service chose by itself is left to it again', () => {
  const spec = { ...JOB.spec, learning_rate: 1 / 3 };
  expect(valuesOf({ ...JOB, spec, key_bits: 1024 })).toMatchObject({ learningRate: '', keyBits: '' });
});

test('a job that is posted again is another job', () => {
  const before = submissionKey();
  expect(submissionKey()).toBe(before);
  startFrom(JOB);
  expect(submissionKey()).not.toBe(before);
});

test('percentages and durations are as a person would type them', () => {
  const spec = {
    ...JOB.spec,
    early_stop: { minimum_improvement: 0.0007, patience: 3 },
    pay: { trainer_bps: 7015, validator_bps: 1985, aggregator_bps: 0 },
    finish_by: JOB.spec.start_by + 90 * 60,
  };
  expect(valuesOf({ ...JOB, spec, created_at: spec.start_by - 2 * 86_400 })).toMatchObject({
    stopsEarly: true,
    minimumImprovement: '0.07',
    patience: '3',
    trainerPercent: '70.15',
    aggregatorPercent: '0',
    recruitFor: '2',
    recruitUnit: 'days',
    trainFor: '90',
    trainUnit: 'minutes',
  });
});

test('an untouched form is no draft, a started one is', () => {
  expect(hasUnpostedDraft()).toBe(false);
  localStorage.setItem('deltaml.draft.new-job', JSON.stringify(DEFAULTS));
  expect(hasUnpostedDraft()).toBe(false);
  startFrom(JOB);
  expect(hasUnpostedDraft()).toBe(true);
});
