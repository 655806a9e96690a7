import { parse } from 'papaparse';
import { parseNumber } from '@/format/number';
import { delimiterOf } from '@/files/delimiter';
import type { FeatureValues } from './values';

/** What is wrong with a line of a pasted table, counted from 1. */
export interface LineProblem {
  line: number;
  code: 'cells' | 'numbers';
}

export interface PastedTable {
  features: FeatureValues[];
  problems: LineProblem[];
}

/**
 * The features in a table that was pasted: name, minimum, maximum and perhaps a unit, or the unit right after the name.
 *
 * Cells are separated by tabs (from a spreadsheet), semicolons or commas. A first line of headings is left out.
 */
export function readPastedTable(text: string): PastedTable {
  const { data } = parse<string[]>(text, { delimiter: delimiterOf(text) });
  const result: PastedTable = { features: [], problems: [] };
  data.forEach((line, index) => {
    const cells = line.map((cell) => cell.trim());
    if (cells.every((cell) => cell === '')) return;
    const feature = readLine(cells);
    if (typeof feature === 'object') result.features.push(feature);
    else if (result.features.length > 0 || index > 0 || isNumeric(cells)) {
      result.problems.push({ line: index + 1, code: feature });
    }
  });
  return result;
}

function readLine(cells: readonly string[]): FeatureValues | LineProblem['code'] {
  const [name = '', second = '', third = '', fourth = ''] = cells;
  if (cells.length < 3 || name === '') return 'cells';
  if (isNumber(second) && isNumber(third)) return { name, unit: fourth, minimum: second, maximum: third };
  if (isNumber(third) && isNumber(fourth)) return { name, unit: second, minimum: third, maximum: fourth };
  return 'numbers';
}

function isNumeric(cells: readonly string[]): boolean {
  return cells.some(isNumber);
}

function isNumber(text: string): boolean {
  return parseNumber(text) !== undefined;
}
