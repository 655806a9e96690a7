import type { Path } from 'react-hook-form';
import { pathOf } from '@/kinds/wizard';
import { isFixedPrice, type JobValues, wizardOf } from './values';

const FIELDS: Readonly<Record<string, Path<JobValues>>> = {
  title: 'title',
  description: 'description',
  'computation.kind': 'kind',
  key_bits: 'keyBits',
  min_owners: 'minOwners',
  min_rows: 'minRows',
  start_by: 'recruitFor',
  start_within_s: 'recruitFor',
  finish_by: 'trainFor',
  finish_within_s: 'trainFor',
  task_timeout_s: 'roundTimeout',
  deposit_wei: 'deposit',
};

const SHARES: Readonly<Record<string, Path<JobValues>>> = {
  pay: 'trainerPercent',
  'pay.trainer_bps': 'trainerPercent',
  'pay.validator_bps': 'validatorPercent',
  'pay.aggregator_bps': 'aggregatorPercent',
};

const COMPUTATION = 'computation.';

/** The wizard's field for a field of the request; undefined for one that the wizard does not ask for. */
export function fieldOf(requested: string, kind: string): Path<JobValues> | undefined {
  const known = FIELDS[requested] ?? (isFixedPrice(kind) ? undefined : SHARES[requested]);
  if (known !== undefined || !requested.startsWith(COMPUTATION)) return known;
  const field = wizardOf(kind).fieldOf(requested.slice(COMPUTATION.length));
  return field === undefined ? undefined : (pathOf(kind, field) as Path<JobValues>);
}
