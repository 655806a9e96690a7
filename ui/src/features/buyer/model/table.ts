import { parse, unparse } from 'papaparse';

export interface Table {
  header: string[];
  rows: string[][];
}

/** The rows as CSV. */
export function toCsv(rows: readonly (readonly (string | number)[])[]): string {
  return unparse(rows as (string | number)[][]) + '\r\n';
}

/** The cells of a CSV text whose first line names the columns. */
export function fromCsv(text: string): Table {
  const { data } = parse<string[]>(text, { delimiter: ',', skipEmptyLines: true });
  const [header = [], ...rows] = data;
  return { header, rows };
}
