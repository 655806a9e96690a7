import { parseNumber } from '@/format/number';
import type { KindForm } from '../../wizard';
import { statistics, type Statistics } from '../schema';

export const KIND = 'statistics';

/** A column as it is typed; what belongs to the other sort of column stays while it is not asked for. */
export interface ColumnValues {
  kind: string;
  name: string;
  unit: string;
  minimum: string;
  maximum: string;
  bins: string;
  /** One a line. */
  levels: string;
}

/** What is typed for statistics, as it was typed. */
export type StatisticsValues = {
  columns: ColumnValues[];
  correlation: boolean;
};

export type StatisticsForm = KindForm<typeof KIND, StatisticsValues>;

/** Where the form of a new job has these values. */
export const AT = `computations.${KIND}` as const;

export const NO_NUMBER: ColumnValues = {
  kind: 'number',
  name: '',
  unit: '',
  minimum: '',
  maximum: '',
  bins: '10',
  levels: '',
};

export const NO_CATEGORY: ColumnValues = { ...NO_NUMBER, kind: 'category' };

export const DEFAULTS: StatisticsValues = { columns: [NO_NUMBER], correlation: false };

/** Whether nothing has been typed into a row. */
export function isBlank({ name, unit, minimum, maximum, levels }: ColumnValues): boolean {
  return [name, unit, minimum, maximum, levels].every((text) => text.trim() === '');
}

/** The levels in what was typed, without empty lines. */
export function levelsOf(typed: string): string[] {
  return typed
    .split('\n')
    .map((level) => level.trim())
    .filter((level) => level !== '');
}

/** What was typed, as the service takes it. */
export function toComputation({ columns, correlation }: StatisticsValues) {
  return { kind: KIND, columns: columns.map(columnRequest), correlation };
}

/** What would have been typed for a computation. */
export function valuesOf(computation: unknown): StatisticsValues | null {
  const parsed = statistics.safeParse(computation);
  if (!parsed.success) return null;
  return { columns: parsed.data.columns.map(typedColumn), correlation: parsed.data.correlation };
}

/** Those that were there, without empty rows, and the new ones; a new one takes the place of one of its name. */
export function mergeColumns(present: readonly ColumnValues[], added: readonly ColumnValues[]): ColumnValues[] {
  const merged = new Map(present.filter((one) => !isBlank(one)).map((one, index) => [one.name.trim() || index, one]));
  for (const one of added) merged.set(one.name, { ...one, unit: one.unit || (merged.get(one.name)?.unit ?? '') });
  return merged.size > 0 ? [...merged.values()] : [NO_NUMBER];
}

function columnRequest(column: ColumnValues) {
  const name = column.name.trim();
  if (column.kind === 'category') return { kind: 'category', name, levels: levelsOf(column.levels) };
  return {
    kind: 'number',
    name,
    minimum: parseNumber(column.minimum) ?? 0,
    maximum: parseNumber(column.maximum) ?? 0,
    unit: column.unit.trim(),
    bins: Number(column.bins),
  };
}

function typedColumn(column: Statistics['columns'][number]): ColumnValues {
  if (column.kind === 'category') return { ...NO_CATEGORY, name: column.name, levels: column.levels.join('\n') };
  const { name, unit, minimum, maximum, bins } = column;
  return { ...NO_NUMBER, name, unit, minimum: String(minimum), maximum: String(maximum), bins: String(bins) };
}
