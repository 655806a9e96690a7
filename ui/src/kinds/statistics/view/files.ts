import { toSpreadsheet } from '@/files/table';
import type { Correlation } from '../schema';
import { deviationOf, type ShownColumn } from './columns';

type Cells = (string | number)[];

/** Numbers with all their digits; nothing where there is none. */
const cell = (value: number | null): string | number => value ?? '';

/** One line for each column. */
export function summaryCsv(columns: readonly ShownColumn[]): string {
  const head = [
    'column',
    'kind',
    'unit',
    'count',
    'missing',
    'mean',
    'variance',
    'standard_deviation',
    'minimum',
    'maximum',
  ];
  const lines = columns.map(({ name, unit, kind, is }): Cells => {
    const start = [name, kind, unit, is.count, is.missing];
    if (kind === 'category') return [...start, '', '', '', '', ''];
    return [...start, ...[is.mean, is.variance, deviationOf(is), is.minimum, is.maximum].map(cell)];
  });
  return toSpreadsheet([head, ...lines]);
}

/** One line for each bin of a histogram and for each level of a category. */
export function countsCsv(columns: readonly ShownColumn[]): string {
  const lines = columns.flatMap(({ name, kind, is }): Cells[] => {
    if (kind === 'category') return Object.entries(is.levels).map(([level, count]) => [name, level, '', '', count]);
    const { edges, counts } = is.histogram;
    return counts.map((count, index) => [name, '', cell(edges[index] ?? null), cell(edges[index + 1] ?? null), count]);
  });
  return toSpreadsheet([['column', 'level', 'from', 'to', 'count'], ...lines]);
}

/** The correlations, with the names of the columns at both edges. */
export function correlationCsv({ columns, matrix }: Correlation): string {
  return toSpreadsheet([
    ['column', ...columns],
    ...columns.map((name, index) => [name, ...(matrix[index] ?? []).map(cell)]),
  ]);
}
