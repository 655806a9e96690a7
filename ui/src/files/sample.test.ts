import { expect, test } from 'vitest';
import { isCategory, isUsable, readSample, widenedRange } from './sample';

test('reads names and ranges from a sample', async () => {
  const text = '\ufeffage;income;town;none;same\n20;-1,5;north;;7\n\n60;2e3;;;7\n';
  const sample = await readSample(new File([text], 'sample.csv'));
  expect(sample?.rows).toBe(2);
  expect(sample?.columns.map(({ name, minimum, maximum }) => [name, minimum, maximum])).toEqual([
    ['age', 20, 60],
    ['income', -1.5, 2000],
    ['town', Infinity, -Infinity],
    ['none', Infinity, -Infinity],
    ['same', 7, 7],
  ]);
  expect(sample?.columns.map(isUsable)).toEqual([true, true, false, false, false]);
  expect(sample?.columns[2]).toMatchObject({ text: { row: 1, cell: 'north' }, empty: 1 });
});

test('takes no column without a name of its own', async () => {
  const sample = await readSample(new File(['a,,b,a\n1,2,3,4\n5,6,7,8\n'], 'names.csv'));
  expect(sample?.columns.map(isUsable)).toEqual([false, false, true, false]);
});

test('a comma or semicolon in a quoted name separates nothing', async () => {
  const sample = await readSample(new File(['"rain; mm","sun, h"\n1,2\n'], 'quoted.csv'));
  expect(sample?.columns.map(({ name }) => name)).toEqual(['rain; mm', 'sun, h']);
});

test('sees that there is no table in a file', async () => {
  expect(await readSample(new File([''], 'empty.csv'))).toBeUndefined();
  expect(await readSample(new File(['age,income\n'], 'head.csv'))).toBeUndefined();
});

test.each([
  [20, 60, true, 0.1, 16, 64],
  [20, 60, true, 0, 20, 60],
  [1, 60, true, 0.25, 0, 74.8],
  [0, 1, true, 0.25, 0, 1],
  [-0.1072256, 0.1107266, false, 0.1, -0.13, 0.133],
])('widens %d to %d (whole: %s) by %d to %d and %d', (minimum, maximum, isWhole, fraction, low, high) => {
  const column = {
    name: 'x',
    minimum,
    maximum,
    isWhole,
    numbers: 2,
    empty: 0,
    text: null,
    levels: null,
    isRepeated: false,
  };
  expect(widenedRange(column, fraction)).toEqual({ minimum: low, maximum: high });
});

test('finds columns of few different texts, each text once and in order', async () => {
  const many = Array.from({ length: 60 }, (_, row) => `${row % 2 ? 'west' : 'east'},name ${row},${row % 3}`);
  const sample = await readSample(new File([`side,name,group\n${many.join('\n')}\n,,\n`], 'groups.csv'));
  expect(sample?.columns.map(({ levels }) => levels)).toEqual([['east', 'west'], null, ['0', '1', '2']]);
  expect(sample?.columns.map(isCategory)).toEqual([true, false, true]);
});
