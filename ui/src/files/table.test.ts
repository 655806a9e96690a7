import { expect, test } from 'vitest';
import { fromCsv, toCsv, toSpreadsheet } from './table';

test('cells with separators, quotes and lines come back as they were', () => {
  const rows = [
    ['blood, sugar', 'said "no"'],
    ['two\nlines', ''],
  ];
  expect(fromCsv(toCsv(rows))).toEqual({ header: rows[0], rows: [rows[1]] });
});

test('a spreadsheet takes no name for a formula, and every number for what it is', () => {
  const link = '=HYPERLINK("http://elsewhere.example")';
  expect(
    toSpreadsheet([
      [link, -2, 1e-9],
      ['+1', '@x', 'age'],
    ]),
  ).toBe('"\'=HYPERLINK(""http://elsewhere.example"")",-2,1e-9\r\n"\'+1","\'@x",age\r\n');
});
