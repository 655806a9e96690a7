import { expect, test } from 'vitest';
import { poll } from './polling';
import { Problem } from './problem';

type Argument = Parameters<ReturnType<typeof poll>>[0];

const query = (data: unknown, dataUpdateCount: number, errorUpdateCount = 0) =>
  ({ state: { data, dataUpdateCount, errorUpdateCount } }) as Argument;

test('asks every second while answers change', () => {
  const interval = poll();
  expect(interval(query('a', 1))).toBe(1000);
  expect(interval(query('b', 2))).toBe(1000);
});

test('asks ever more slowly while nothing changes or nothing is answered, and at once again after a change', () => {
  const interval = poll();
  interval(query('a', 1));
  const slower = Array.from({ length: 12 }, (_, index) => Math.round(Number(interval(query('a', 2 + index)))));
  expect(slower.slice(0, 2)).toEqual([1400, 1960]);
  expect(slower.at(-1)).toBe(15_000);
  expect(interval(query('b', 14))).toBe(1000);
  expect(interval(query('b', 14, 1))).toBe(1400);
});

test('is not slowed down by being asked twice about one answer', () => {
  const interval = poll();
  interval(query('a', 1));
  expect(interval(query('a', 2))).toBe(1400);
  expect(interval(query('a', 2))).toBe(1400);
});

test('goes on asking after a failure, but not for what does not exist', () => {
  const failed = (error: Error) => ({ state: { ...query('a', 1).state, error } }) as ReturnType<typeof query>;
  expect(poll()(failed(new Problem(503, 'chain_unavailable', 'the chain does not answer')))).toBe(1000);
  expect(poll()(failed(new Problem(404, 'not_found', 'there is no such job')))).toBe(false);
});
