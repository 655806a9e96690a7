import type { Computation } from '@/api/schemas';
import { type Levels, type Numbers, type Outcome, statistics } from '../schema';

/** A column of the outcome, with what the job said of it. */
export type ShownColumn = { name: string; unit: string } & (
  { kind: 'number'; is: Numbers } | { kind: 'category'; is: Levels }
);

/** The columns of an outcome in the order in which they were asked for. */
export function columnsOf(outcome: Outcome, computation: Computation): ShownColumn[] {
  const asked = statistics.safeParse(computation).data?.columns ?? [];
  const units = new Map(asked.map((column) => [column.name, column.kind === 'number' ? column.unit : '']));
  const names = new Set([...asked.map(({ name }) => name), ...Object.keys(outcome.columns)]);
  return [...names].flatMap((name) => {
    const is = Object.hasOwn(outcome.columns, name) ? outcome.columns[name] : undefined;
    if (is === undefined) return [];
    const unit = units.get(name) ?? '';
    return [
      'levels' in is ? ({ name, unit, kind: 'category', is } as const) : ({ name, unit, kind: 'number', is } as const),
    ];
  });
}

/** The square root of a variance; null where there is none. */
export function deviationOf({ variance }: Numbers): number | null {
  return variance === null ? null : Math.sqrt(Math.max(0, variance));
}
