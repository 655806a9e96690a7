import type { Feature } from '@/api/schemas';
import { readDraft, writeDraft } from '@/forms/useDraftForm';
import { etherText } from '@/format/amount';
import type { JobSpec } from '../schemas';
import { renewSubmissionKey } from './submissionKey';
import { DEFAULTS, type DurationUnit, type FeatureValues, type JobValues, KEY_SIZES } from './values';

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

/** Have the wizard start with the settings of a job, in place of what was typed there. */
export function startFrom(job: PostedJob): void {
  writeDraft(localStorage, DRAFT_KEY, valuesOf(job));
  renewSubmissionKey();
}

/** The settings of a job as they would have been typed. */
export function valuesOf({ spec, key_bits, created_at }: PostedJob): JobValues {
  const [recruitFor, recruitUnit] = typedDuration(spec.start_by - created_at);
  const [trainFor, trainUnit] = typedDuration(spec.finish_by - spec.start_by);
  const isDefaultRate = spec.scaling === 'range' && isClose(spec.learning_rate, 1 / (spec.features.length + 1));
  const stop = spec.early_stop;
  return {
    title: spec.title,
    description: spec.description,
    features: spec.features.map(typedFeature),
    target: typedFeature(spec.target),
    pasted: '',
    scaling: spec.scaling,
    averaging: spec.averaging,
    rounds: String(spec.rounds),
    localSteps: String(spec.local_steps),
    learningRate: isDefaultRate ? '' : String(spec.learning_rate),
    evaluateEvery: String(spec.evaluate_every),
    stopsEarly: stop !== null,
    minimumImprovement: stop ? typedPercent(stop.minimum_improvement) : DEFAULTS.minimumImprovement,
    patience: stop ? String(stop.patience) : DEFAULTS.patience,
    keyBits: KEY_SIZES.includes(key_bits) ? String(key_bits) : '',
    minOwners: String(spec.min_owners),
    minRows: String(spec.min_rows),
    recruitFor,
    recruitUnit,
    trainFor,
    trainUnit,
    roundTimeout: String(spec.task_timeout_s),
    deposit: etherText(BigInt(spec.deposit_wei)),
    trainerPercent: typedPercent(spec.pay.trainer_bps / 10_000),
    validatorPercent: typedPercent(spec.pay.validator_bps / 10_000),
    aggregatorPercent: typedPercent(spec.pay.aggregator_bps / 10_000),
  };
}

function typedFeature({ name, unit, minimum, maximum }: Feature): FeatureValues {
  return { name, unit, minimum: String(minimum), maximum: String(maximum) };
}

/** In the largest unit of which it is a whole number, to the minute. */
function typedDuration(seconds: number): [string, DurationUnit] {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes % 1440 === 0) return [String(minutes / 1440), 'days'];
  return minutes % 60 === 0 ? [String(minutes / 60), 'hours'] : [String(minutes), 'minutes'];
}

/** Percent without the noise of binary fractions. */
function typedPercent(fraction: number): string {
  return String(Number((fraction * 100).toPrecision(12)));
}

function isClose(one: number, other: number): boolean {
  return Math.abs(one - other) < 1e-9 * other;
}
