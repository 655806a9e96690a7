import { etherText, parseEther } from '@/format/amount';
import { parseNumber } from '@/format/number';
import { payRuleOf } from '@/kinds/registry';
import type { KindWizard } from '@/kinds/wizard';
import { WIZARDS } from '@/kinds/wizards';

/** Steps that every kind has; those of the chosen one come after the first. */
export type MarketStep = 'kind' | 'owners' | 'money' | 'review';

/** Bits of a key that are offered; the service may be set up for another number. */
export const KEY_SIZES: readonly number[] = [2048, 3072, 4096];

export const DURATION_UNITS = ['minutes', 'hours', 'days'] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

const SECONDS: Record<DurationUnit, number> = { minutes: 60, hours: 3600, days: 86_400 };

/** Everything that is typed in the wizard, as it was typed. */
export interface JobValues {
  kind: string;
  title: string;
  description: string;
  /** By kind: what is typed for it, which stays while another is looked at. */
  computations: Record<string, Record<string, unknown>>;
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

const [FIRST = ''] = WIZARDS.keys();

export const DEFAULTS: JobValues = {
  kind: FIRST,
  title: '',
  description: '',
  computations: Object.fromEntries([...WIZARDS].map(([kind, { defaults }]) => [kind, defaults])),
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

/** How the chosen kind is asked for. */
export function wizardOf(kind: string): KindWizard {
  const wizard = WIZARDS.get(kind) ?? WIZARDS.get(FIRST);
  if (wizard === undefined) throw new Error('there is no kind that can be posted');
  return wizard;
}

/** Whether a kind has a fixed price, which is not for the buyer to divide. */
export function isFixedPrice(kind: string): boolean {
  return payRuleOf(kind) === 'per_answer';
}

/** The steps to a job of some kind. */
export function stepsOf(kind: string): readonly string[] {
  return ['kind', ...wizardOf(kind).steps.map(({ key }) => key), 'owners', 'money', 'review'];
}

/** What is asked for at a step, by the paths of the fields. */
export function fieldsOf(step: string, kind: string): readonly string[] {
  const owners = ['minOwners', 'minRows', 'recruitFor', 'recruitUnit', 'trainFor', 'trainUnit', 'roundTimeout'];
  const shares = ['trainerPercent', 'validatorPercent', 'aggregatorPercent'];
  const market: Record<string, readonly string[]> = {
    kind: ['kind'],
    owners: [...owners, 'keyBits'],
    money: isFixedPrice(kind) ? ['deposit'] : ['deposit', ...shares],
  };
  const [first] = wizardOf(kind).steps;
  const own = wizardOf(kind).steps.find(({ key }) => key === step);
  return [
    ...(market[step] ?? []),
    ...(own !== undefined && own === first ? ['title', 'description'] : []),
    ...(own?.fields ?? []).map((field) => `computations.${kind}.${field}`),
  ];
}

/** The step that has a field, given by its path (`computations.linear_regression.features.2.minimum`). */
export function stepOf(path: string, kind: string): string {
  const has = (step: string) => fieldsOf(step, kind).some((field) => `${path}.`.startsWith(`${field}.`));
  return stepsOf(kind).find(has) ?? wizardOf(kind).steps[0]?.key ?? 'kind';
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

/** What is typed for the chosen kind. */
export function computationOf({ kind, computations }: JobValues): Record<string, unknown> {
  return computations[kind] ?? wizardOf(kind).defaults;
}

/** The shares of a deposit as they were typed; null where the kind divides it by itself. */
export function payOf(values: JobValues) {
  if (isFixedPrice(values.kind)) return null;
  return {
    trainer_bps: basisPoints(values.trainerPercent) ?? 0,
    validator_bps: basisPoints(values.validatorPercent) ?? 0,
    aggregator_bps: basisPoints(values.aggregatorPercent) ?? 0,
  };
}

/** What was typed, as the service takes it. Call it with values that have no problems. */
export function toRequest(values: JobValues) {
  const recruitS = seconds(values.recruitFor, values.recruitUnit);
  return {
    title: values.title.trim(),
    description: values.description.trim(),
    computation: wizardOf(values.kind).toComputation(computationOf(values)),
    min_owners: Number(values.minOwners),
    min_rows: Number(values.minRows),
    deposit_wei: String(parseEther(values.deposit) ?? 0n),
    pay: payOf(values),
    start_within_s: recruitS,
    finish_within_s: recruitS + seconds(values.trainFor, values.trainUnit),
    task_timeout_s: Number(values.roundTimeout),
    key_bits: values.keyBits === '' ? null : Number(values.keyBits),
  };
}

/** A job as the service takes it. */
export type JobRequest = ReturnType<typeof toRequest>;
