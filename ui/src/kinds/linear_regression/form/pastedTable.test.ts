import { expect, test } from 'vitest';
import { readPastedTable } from './pastedTable';

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
