import type { Locale } from '@/i18n/locale';
import { messages } from './messages';

const FIELDS: Readonly<Record<string, string>> = {
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
};

/** The form's field for a field of the computation; undefined for one that the form does not ask for. */
export function fieldOf(requested: string): string | undefined {
  const column = /^(features\.\d+|target)(?:\.(name|unit|minimum|maximum))?$/.exec(requested);
  if (column?.[1] && (column[2] || column[1] !== 'target')) return `${column[1]}.${column[2] ?? 'minimum'}`;
  return FIELDS[requested];
}

/** What the form calls a field (`features.2.minimum`). */
export function labelOf(field: string, locale: Locale): string {
  const m = messages[locale];
  const [first = '', ...rest] = field.split('.');
  const column = m.columns[rest.at(-1) as keyof typeof m.columns];
  if (first === 'features' && column) return `${m.featureNumber(Number(rest[0]) + 1)}, ${column}`;
  if (first === 'target') return `${m.target}, ${column}`;
  const label = m[first as keyof typeof m];
  return typeof label === 'string' ? label : first;
}
