import { formatNumber, parseNumber } from '@/format/number';
import type { KindForm } from '../../wizard';
import { type LinearRegression, linearRegression } from '../schema';

export const KIND = 'linear_regression';

/** A column as it is typed. */
export interface FeatureValues {
  name: string;
  unit: string;
  minimum: string;
  maximum: string;
}

/** What is typed for a linear regression, as it was typed. */
export type LinearValues = {
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
};

export type LinearForm = KindForm<typeof KIND, LinearValues>;

/** Where the form of a new job has these values. */
export const AT = `computations.${KIND}` as const;

export const NO_FEATURE: FeatureValues = { name: '', unit: '', minimum: '', maximum: '' };

export const DEFAULTS: LinearValues = {
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
};

/** Whether nothing has been typed into a row. */
export function isBlank(feature: FeatureValues): boolean {
  return [feature.name, feature.unit, feature.minimum, feature.maximum].every((text) => text.trim() === '');
}

/** The learning rate that the service takes when none is given, in words. */
export function defaultRate(features: number, format: string): string {
  return formatNumber(1 / (features + 1), format, 3);
}

/** What was typed, as the service takes it. */
export function toComputation(values: LinearValues) {
  return {
    kind: KIND,
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
  };
}

/** What would have been typed for a computation. */
export function valuesOf(computation: unknown): LinearValues | null {
  const parsed = linearRegression.safeParse(computation);
  return parsed.success ? typed(parsed.data) : null;
}

function typed(computation: LinearRegression): LinearValues {
  const { features, early_stop: stop, learning_rate: rate } = computation;
  const isDefaultRate = computation.scaling === 'range' && isClose(rate, 1 / (features.length + 1));
  return {
    features: features.map(typedFeature),
    target: typedFeature(computation.target),
    pasted: '',
    scaling: computation.scaling,
    averaging: computation.averaging,
    rounds: String(computation.rounds),
    localSteps: String(computation.local_steps),
    learningRate: isDefaultRate ? '' : String(rate),
    evaluateEvery: String(computation.evaluate_every),
    stopsEarly: stop !== null,
    minimumImprovement: stop
      ? String(Number((stop.minimum_improvement * 100).toPrecision(12)))
      : DEFAULTS.minimumImprovement,
    patience: stop ? String(stop.patience) : DEFAULTS.patience,
  };
}

function typedFeature({ name, unit, minimum, maximum }: LinearRegression['target']): FeatureValues {
  return { name, unit, minimum: String(minimum), maximum: String(maximum) };
}

function featureRequest({ name, unit, minimum, maximum }: FeatureValues) {
  return {
    name: name.trim(),
    unit: unit.trim(),
    minimum: parseNumber(minimum) ?? 0,
    maximum: parseNumber(maximum) ?? 0,
  };
}

function isClose(one: number, other: number): boolean {
  return Math.abs(one - other) < 1e-9 * other;
}
