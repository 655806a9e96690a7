import { expect, test } from 'vitest';
import { findProblems } from './problems';
import { DEFAULTS, type JobValues, stepOf } from './values';

const column = (name: string) => ({ name, unit: '', minimum: '0', maximum: '1' });
const LINEAR = {
  ...DEFAULTS.computations.linear_regression,
  features: [column('a'), column('b')],
  target: column('y'),
};
const GOOD: JobValues = { ...DEFAULTS, title: 'Rents' };

const paths = (values: Partial<JobValues>, computation: object = {}) =>
  findProblems({ ...GOOD, computations: { linear_regression: { ...LINEAR, ...computation } }, ...values }, 'en').map(
    ({ path }) => path.join('.'),
  );

test('finds nothing wrong with a job that can be posted', () => {
  expect(paths({})).toEqual([]);
});

test.each<[string, Partial<JobValues>, string]>([
  ['no title', { title: '  ' }, 'title'],
  ['a long title', { title: 'x'.repeat(201) }, 'title'],
  ['a long description', { description: 'x'.repeat(5001) }, 'description'],
  ['one owner', { minOwners: '1' }, 'minOwners'],
  ['more owners than roles', { minOwners: '134' }, 'minOwners'],
  ['no rows', { minRows: '' }, 'minRows'],
  ['no time to recruit', { recruitFor: '0' }, 'recruitFor'],
  ['more than a year', { recruitFor: '200', trainFor: '166' }, 'trainFor'],
  ['no deposit', { deposit: '0' }, 'deposit'],
  ['less than a wei', { deposit: '0.0000000000000000001' }, 'deposit'],
  ['more than there can be', { deposit: '400000000000000000000' }, 'deposit'],
  ['a negative share', { validatorPercent: '-1' }, 'validatorPercent'],
  ['more than all', { trainerPercent: '70,01' }, 'trainerPercent'],
])('finds %s', (_, values, path) => {
  expect(paths(values)).toEqual([path]);
});

test.each<[string, object, string]>([
  ['no features', { features: [] }, 'features'],
  ['too many features', { features: Array.from({ length: 501 }, (_, i) => column(`x${i}`)) }, 'features'],
  ['an empty name', { features: [column(' ')] }, 'features.0.name'],
  ['a name twice', { features: [column('a'), column(' a ')] }, 'features.1.name'],
  ['the target as a feature', { target: column('b') }, 'target.name'],
  ['no target', { target: column('') }, 'target.name'],
  ['text for a number', { features: [{ ...column('a'), minimum: 'low' }] }, 'features.0.minimum'],
  ['a maximum below the minimum', { features: [{ ...column('a'), maximum: '-1' }] }, 'features.0.maximum'],
  ['a constant', { target: { ...column('y'), maximum: '0' } }, 'target.maximum'],
  ['a range too large', { target: { ...column('y'), maximum: '1e101' } }, 'target.maximum'],
  ['no rounds', { rounds: '0' }, 'rounds'],
  ['part of a round', { rounds: '1.5' }, 'rounds'],
  ['too many local steps', { localSteps: '1001' }, 'localSteps'],
  ['a learning rate of 0', { learningRate: '0' }, 'learningRate'],
  ['no learning rate without scaling', { scaling: 'none' }, 'learningRate'],
  ['all for an improvement', { stopsEarly: true, minimumImprovement: '100' }, 'minimumImprovement'],
  ['no patience', { stopsEarly: true, patience: '0' }, 'patience'],
])('finds %s in a linear regression', (_, values, path) => {
  expect(paths({}, values)).toEqual([`computations.linear_regression.${path}`]);
});

test('does not look at what is not asked for', () => {
  expect(paths({}, { stopsEarly: false, patience: 'x', minimumImprovement: 'x' })).toEqual([]);
});

test('knows the step of each field', () => {
  const at = (path: string) => stepOf(path, 'linear_regression');
  expect(at('kind')).toBe('kind');
  expect(at('title')).toBe('learn');
  expect(at('computations.linear_regression.features.3.minimum')).toBe('learn');
  expect(at('computations.linear_regression.rounds')).toBe('training');
  expect(at('keyBits')).toBe('owners');
  expect(at('trainFor')).toBe('owners');
  expect(at('deposit')).toBe('money');
});
