import { expect, test } from 'vitest';
import { jobSpec } from '@/api/schemas';
import { SPEC } from '../test/answers';
import { hasUnpostedDraft, type PostedJob, startFrom, valuesOf as typedOf } from './fromJob';
import { findProblems } from './problems';
import { submissionKey } from './submissionKey';
import { DEFAULTS, type JobValues, toRequest } from './values';

const JOB = { spec: jobSpec.parse(SPEC), key_bits: 3072, created_at: SPEC.start_by - 7200 + 0.4 };

function valuesOf(job: PostedJob): JobValues {
  const values = typedOf(job);
  if (values === null) throw new Error('this kind is not known');
  return values;
}

/** What a linear regression of these settings would have been typed as. */
const linear = (changes: object) =>
  valuesOf({ ...JOB, spec: { ...JOB.spec, computation: { ...JOB.spec.computation, ...changes } } }).computations
    .linear_regression;

test('the settings of a job ask for the same again', () => {
  const values = valuesOf(JOB);
  expect(findProblems(values, 'en')).toEqual([]);
  const { start_by, finish_by, ...terms } = SPEC;
  expect(toRequest(values)).toEqual({
    ...terms,
    start_within_s: 7200,
    finish_within_s: 7200 + finish_by - start_by,
    key_bits: 3072,
  });
});

test('what the service chose by itself is left to it again', () => {
  expect(linear({ learning_rate: 1 / 3 })).toMatchObject({ learningRate: '' });
  expect(valuesOf({ ...JOB, key_bits: 1024 })).toMatchObject({ keyBits: '' });
});

test('a job that is posted again is another job', () => {
  const before = submissionKey();
  expect(submissionKey()).toBe(before);
  startFrom(valuesOf(JOB));
  expect(submissionKey()).not.toBe(before);
});

test('percentages and durations are as a person would type them', () => {
  const spec = {
    ...JOB.spec,
    pay: { trainer_bps: 7015, validator_bps: 1985, aggregator_bps: 0 },
    finish_by: JOB.spec.start_by + 90 * 60,
  };
  expect(valuesOf({ ...JOB, spec, created_at: spec.start_by - 2 * 86_400 })).toMatchObject({
    trainerPercent: '70.15',
    aggregatorPercent: '0',
    recruitFor: '2',
    recruitUnit: 'days',
    trainFor: '90',
    trainUnit: 'minutes',
  });
  expect(linear({ early_stop: { minimum_improvement: 0.0007, patience: 3 } })).toMatchObject({
    stopsEarly: true,
    minimumImprovement: '0.07',
    patience: '3',
  });
});

test('a job of a kind that the wizard does not know is not typed anew', () => {
  const spec = { ...JOB.spec, computation: { kind: 'toy_sum', column: 'age' } };
  expect(typedOf({ ...JOB, spec })).toBeNull();
  expect(typedOf({ ...JOB, spec: { ...JOB.spec, computation: { kind: 'linear_regression' } } })).toBeNull();
});

test('an untouched form is no draft, a started one is', () => {
  expect(hasUnpostedDraft()).toBe(false);
  localStorage.setItem('deltaml.draft.new-job', JSON.stringify(DEFAULTS));
  expect(hasUnpostedDraft()).toBe(false);
  startFrom(valuesOf(JOB));
  expect(hasUnpostedDraft()).toBe(true);
});
