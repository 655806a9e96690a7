import { etherText, parseEther } from '@/format/amount';
import { parseNumber } from '@/format/number';

export const STEPS = ['learn', 'training', 'owners', 'money', 'review'] as const;
export type Step = (typeof STEPS)[number];

/** Bits of a key that are offered; the service may be set up for another number. */
export const KEY_SIZES: readonly number[] = [2048, 3072, 4096];

export const DURATION_UNITS = ['minutes', 'hours', 'days'] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

const SECONDS: Record<DurationUnit, number> = { minutes: 60, hours: 3600, days: 86_400 };

/** A column as it is typed. */
export interface FeatureValues {
  name: string;
  unit: string;
  minimum: string;
  maximum: string;
}

/** Everything that is typed in the wizard, as it was typed. */
export interface JobValues {
  title: string;
  description: string;
  features: FeatureValues[];
  target: FeatureValues;
  /** A table that waits to become features. */
  pasted: string;
  scaling: string;
  averaging: string;
  rounds: string;
  localSteps: string;
  learningRate: string;
  evaluateEvery: string;
  stopsEarly: boolean;
  minimumImprovement: string;
  patience: string;
  keyBits: string;
  minOwners: string;
  minRows: string;
  recruitFor: string;
  recruitUnit: string;
  trainFor: string;
  trainUnit: string;
  roundTimeout: string;
  deposit: string;
  trainerPercent: string;
  validatorPercent: string;
  aggregatorPercent: string;
}

export const NO_FEATURE: FeatureValues = { name: '', unit: '', minimum: '', maximum: '' };

export const DEFAULTS: JobValues = {
  title: '',
  description: '',
  features: [NO_FEATURE],
  target: NO_FEATURE,
  pasted: '',
  scaling: 'range',
  averaging: 'rows',
  rounds: '100',
  localSteps: '1',
  learningRate: '',
  evaluateEvery: '10',
  stopsEarly: false,
  minimumImprovement: '0.01',
  patience: '2',
  keyBits: '',
  minOwners: '5',
  minRows: '1',
  recruitFor: '1',
  recruitUnit: 'days',
  trainFor: '1',
  trainUnit: 'days',
  roundTimeout: '120',
  deposit: etherText(10n ** 18n),
  trainerPercent: '70',
  validatorPercent: '20',
  aggregatorPercent: '10',
};

/** What is asked for at each step, by the names of the fields. */
export const FIELDS: Record<Step, readonly (keyof JobValues)[]> = {
  learn: ['title', 'description', 'features', 'target'],
  training: [
    'rounds',
    'evaluateEvery',
    'localSteps',
    'learningRate',
    'scaling',
    'averaging',
    'stopsEarly',
    'minimumImprovement',
    'patience',
    'keyBits',
  ],
  owners: ['minOwners', 'minRows', 'recruitFor', 'recruitUnit', 'trainFor', 'trainUnit', 'roundTimeout'],
  money: ['deposit', 'trainerPercent', 'validatorPercent', 'aggregatorPercent'],
  review: [],
};

/** The step that has a field, given by its path (`features.2.minimum`). */
export function stepOf(path: string): Step {
  const [first] = path.split('.');
  return STEPS.find((step) => FIELDS[step].some((field) => field === first)) ?? 'learn';
}

/** A typed duration in seconds; NaN when it is no number. */
export function seconds(amount: string, unit: string): number {
  const known = DURATION_UNITS.find((candidate) => candidate === unit) ?? 'days';
  return Math.round((parseNumber(amount) ?? NaN) * SECONDS[known]);
}

/** Typed percent in basis points; undefined when it is no number. */
export function basisPoints(percent: string): number | undefined {
  const value = parseNumber(percent);
  return value === undefined ? undefined : Math.round(value * 100);
}

/** Whether nothing has been typed into a row. */
export function isBlank(feature: FeatureValues): boolean {
  return [feature.name, feature.unit, feature.minimum, feature.maximum].every((text) => text.trim() === '');
}

/** What was typed, as the service takes it. Call it with values that have no problems. */
export function toRequest(values: JobValues) {
  const recruitS = seconds(values.recruitFor, values.recruitUnit);
  return {
    title: values.title.trim(),
    description: values.description.trim(),
    features: values.features.map(featureRequest),
    target: featureRequest(values.target),
    scaling: values.scaling,
    averaging: values.averaging,
    rounds: Number(values.rounds),
    local_steps: Number(values.localSteps),
    learning_rate: parseNumber(values.learningRate) ?? null,
    evaluate_every: Number(values.evaluateEvery),
    early_stop: values.stopsEarly
      ? { minimum_improvement: (parseNumber(values.minimumImprovement) ?? 0) / 100, patience: Number(values.patience) }
      : null,
    min_owners: Number(values.minOwners),
    min_rows: Number(values.minRows),
    deposit_wei: String(parseEther(values.deposit) ?? 0n),
    pay: {
      trainer_bps: basisPoints(values.trainerPercent) ?? 0,
      validator_bps: basisPoints(values.validatorPercent) ?? 0,
      aggregator_bps: basisPoints(values.aggregatorPercent) ?? 0,
    },
    start_within_s: recruitS,
    finish_within_s: recruitS + seconds(values.trainFor, values.trainUnit),
    task_timeout_s: Number(values.roundTimeout),
    key_bits: values.keyBits === '' ? null : Number(values.keyBits),
  };
}

/** A job as the service takes it. */
export type JobRequest = ReturnType<typeof toRequest>;

function featureRequest({ name, unit, minimum, maximum }: FeatureValues) {
  return {
    name: name.trim(),
    unit: unit.trim(),
    minimum: parseNumber(minimum) ?? 0,
    maximum: parseNumber(maximum) ?? 0,
  };
}
