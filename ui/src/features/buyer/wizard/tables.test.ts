import { expect, test } from 'vitest';
import { fieldOf } from './places';
import { readPastedTable } from './pastedTable';
import { isUsable, readSample, widenedRange } from './sample';

const bmi = { name: 'bmi', unit: '', minimum: '15', maximum: '45' };

test.each([
  ['tabs', 'bmi\t15\t45'],
  ['commas', 'bmi, 15, 45'],
  ['semicolons', 'bmi;15;45'],
  ['headings', 'name,minimum,maximum\nbmi,15,45\n'],
  ['empty lines', '\n\nbmi,15,45\n\n'],
])('reads a pasted table with %s', (_, text) => {
  expect(readPastedTable(text)).toEqual({ features: [bmi], problems: [] });
});

test('finds the unit after the name or at the end, and decimal commas', () => {
  const { features } = readPastedTable('bmi;kg/m²;15,5;45\nage;0;120;years');
  expect(features).toEqual([
    { name: 'bmi', unit: 'kg/m²', minimum: '15,5', maximum: '45' },
    { name: 'age', unit: 'years', minimum: '0', maximum: '120' },
  ]);
});

test('names the lines that it cannot read', () => {
  expect(readPastedTable('bmi,15,45\nage,young,old\nsex\n,1,2').problems).toEqual([
    { line: 2, code: 'numbers' },
    { line: 3, code: 'cells' },
    { line: 4, code: 'cells' },
  ]);
});

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
  const column = { name: 'x', minimum, maximum, isWhole, numbers: 2, empty: 0, text: null, isRepeated: false };
  expect(widenedRange(column, fraction)).toEqual({ minimum: low, maximum: high });
});

test.each([
  ['features.12.maximum', 'features.12.maximum'],
  ['features.12', 'features.12.minimum'],
  ['features', 'features'],
  ['target.unit', 'target.unit'],
  ['target', 'target.name'],
  ['pay.validator_bps', 'validatorPercent'],
  ['finish_within_s', 'trainFor'],
  ['role_seed', undefined],
  ['body', undefined],
])('the field of %s is %s', (requested, field) => {
  expect(fieldOf(requested)).toBe(field);
});
