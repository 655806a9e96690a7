import { expect, test } from 'vitest';
import { fieldOf } from './places';

test.each([
  ['computation.features.12.maximum', 'computations.linear_regression.features.12.maximum'],
  ['computation.features.12', 'computations.linear_regression.features.12.minimum'],
  ['computation.features', 'computations.linear_regression.features'],
  ['computation.target.unit', 'computations.linear_regression.target.unit'],
  ['computation.target', 'computations.linear_regression.target.name'],
  ['computation.learning_rate', 'computations.linear_regression.learningRate'],
  ['computation.kind', 'kind'],
  ['pay.validator_bps', 'validatorPercent'],
  ['finish_within_s', 'trainFor'],
  ['role_seed', undefined],
  ['body', undefined],
])('the field of %s is %s', (requested, field) => {
  expect(fieldOf(requested, 'linear_regression')).toBe(field);
});
