import type { JobSpec } from '@/api/schemas';
import { readDraft, writeDraft } from '@/forms/useDraftForm';
import { etherText } from '@/format/amount';
import { WIZARDS } from '@/kinds/wizards';
import { renewSubmissionKey } from './submissionKey';
import { DEFAULTS, type DurationUnit, isFixedPrice, type JobValues, KEY_SIZES } from './values';

/** Under which the wizard keeps what is typed, in `localStorage`. */
export const DRAFT_KEY = 'new-job';

/** A job that was posted: what it asked for, when, and with which key. */
export interface PostedJob {
  spec: JobSpec;
  key_bits: number;
  created_at: number;
}

/** Whether something is typed in the wizard that has not been posted. */
export function hasUnpostedDraft(): boolean {
  const draft = readDraft(localStorage, DRAFT_KEY);
  return draft !== undefined && JSON.stringify(draft) !== JSON.stringify(DEFAULTS);
}

/** Have the wizard start with these settings, in place of what was typed there. */
export function startFrom(values: JobValues): void {
  writeDraft(localStorage, DRAFT_KEY, values);
  renewSubmissionKey();
}

/** The settings of a job as they would have been typed; null for a kind that the wizard does not know. */
export function valuesOf({ spec, key_bits, created_at }: PostedJob): JobValues | null {
  const { kind } = spec.computation;
  const typed = WIZARDS.get(kind)?.valuesOf(spec.computation) ?? null;
  if (typed === null) return null;
  const [recruitFor, recruitUnit] = typedDuration(spec.start_by - created_at);
  const [trainFor, trainUnit] = typedDuration(spec.finish_by - spec.start_by);
  return {
    kind,
    title: spec.title,
    description: spec.description,
    computations: { ...DEFAULTS.computations, [kind]: typed },
    keyBits: KEY_SIZES.includes(key_bits) ? String(key_bits) : '',
    minOwners: String(spec.min_owners),
    minRows: String(spec.min_rows),
    recruitFor,
    recruitUnit,
    trainFor,
    trainUnit,
    roundTimeout: String(spec.task_timeout_s),
    deposit: etherText(BigInt(spec.deposit_wei)),
    ...typedShares(spec),
  };
}

/** Shares that a kind has fixed are none that anybody typed. */
function typedShares({ computation, pay }: JobSpec) {
  const { trainerPercent, validatorPercent, aggregatorPercent } = DEFAULTS;
  if (isFixedPrice(computation.kind)) return { trainerPercent, validatorPercent, aggregatorPercent };
  return {
    trainerPercent: typedPercent(pay.trainer_bps),
    validatorPercent: typedPercent(pay.validator_bps),
    aggregatorPercent: typedPercent(pay.aggregator_bps),
  };
}

/** In the largest unit of which it is a whole number, to the minute. */
function typedDuration(seconds: number): [string, DurationUnit] {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes % 1440 === 0) return [String(minutes / 1440), 'days'];
  return minutes % 60 === 0 ? [String(minutes / 60), 'hours'] : [String(minutes), 'minutes'];
}

/** Basis points as a percentage, without the noise of binary fractions. */
function typedPercent(bps: number): string {
  return String(Number((bps / 100).toPrecision(12)));
}
