import { parse, unparse } from 'papaparse';
import { delimiterOf, firstLine } from './delimiter';

export interface Table {
  header: string[];
  rows: string[][];
}

/** The rows as CSV. */
export function toCsv(rows: readonly (readonly (string | number)[])[]): string {
  return unparse(rows as (string | number)[][]) + '\r\n';
}

/** The same for a spreadsheet, which takes no text of it for a formula. */
export function toSpreadsheet(rows: readonly (readonly (string | number)[])[]): string {
  return unparse(rows as (string | number)[][], { escapeFormulae: true }) + '\r\n';
}

/** The cells of a CSV text whose first line names the columns. */
export function fromCsv(text: string): Table {
  const { data } = parse<string[]>(text, { delimiter: delimiterOf(firstLine(text)), skipEmptyLines: true });
  const [header = [], ...rows] = data;
  return { header, rows };
}
