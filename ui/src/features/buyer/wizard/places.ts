import type { Path } from 'react-hook-form';
import type { JobValues } from './values';

const FIELDS: Readonly<Record<string, Path<JobValues>>> = {
  title: 'title',
  description: 'description',
  features: 'features',
  target: 'target.name',
  scaling: 'scaling',
  averaging: 'averaging',
  rounds: 'rounds',
  local_steps: 'localSteps',
  learning_rate: 'learningRate',
  evaluate_every: 'evaluateEvery',
  early_stop: 'minimumImprovement',
  'early_stop.minimum_improvement': 'minimumImprovement',
  'early_stop.patience': 'patience',
  key_bits: 'keyBits',
  min_owners: 'minOwners',
  min_rows: 'minRows',
  start_by: 'recruitFor',
  start_within_s: 'recruitFor',
  finish_by: 'trainFor',
  finish_within_s: 'trainFor',
  task_timeout_s: 'roundTimeout',
  deposit_wei: 'deposit',
  pay: 'trainerPercent',
  'pay.trainer_bps': 'trainerPercent',
  'pay.validator_bps': 'validatorPercent',
  'pay.aggregator_bps': 'aggregatorPercent',
};

/** The wizard's field for a field of the request; undefined for one that the wizard does not ask for. */
export function fieldOf(requested: string): Path<JobValues> | undefined {
  const column = /^(features\.\d+|target)(?:\.(name|unit|minimum|maximum))?$/.exec(requested);
  if (column?.[1] && (column[2] || column[1] !== 'target')) {
    return `${column[1]}.${column[2] ?? 'minimum'}` as Path<JobValues>;
  }
  return FIELDS[requested];
}
