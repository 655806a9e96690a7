import { parse } from 'papaparse';
import { parseNumber } from '@/format/number';
import { delimiterOf, firstLine } from './delimiter';

/** Different texts in a column that are kept in mind: with more it is no list of groups. */
export const MOST_LEVELS = 50;

/** How much of a file is looked at to find its separator. */
const HEAD_BYTES = 4096;

/** What a sample says of one of its columns. */
export interface SampleColumn {
  name: string;
  minimum: number;
  maximum: number;
  /** Cells with a number. */
  numbers: number;
  /** Cells without anything. */
  empty: number;
  /** The first cell that is no number, and in which row, counted from 1. */
  text: { row: number; cell: string } | null;
  isWhole: boolean;
  /** What its cells hold, each once and in order; null when there are more than `MOST_LEVELS`. */
  levels: string[] | null;
  /** Whether another column has the same name. */
  isRepeated: boolean;
}

export interface Sample {
  fileName: string;
  rows: number;
  columns: SampleColumn[];
}

/** Read names and ranges of a CSV file's columns, in this page; undefined when it has no headings or no rows. */
export async function readSample(file: File): Promise<Sample | undefined> {
  const { text, encoding } = decode(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const delimiter = delimiterOf(firstLine(text));
  const reading: Sample = { fileName: file.name, rows: 0, columns: [] };
  await new Promise<void>((resolve, reject) => {
    parse<string[]>(file, {
      delimiter,
      encoding,
      skipEmptyLines: 'greedy',
      chunk: ({ data }) => data.forEach((cells) => takeLine(reading, cells)),
      complete: () => resolve(),
      error: reject,
    });
  });
  for (const { levels } of reading.columns) levels?.sort();
  return reading.rows > 0 ? reading : undefined;
}

/** Whether a column can be a feature or a target: a name of its own, numbers only, and not all the same. */
export function isUsable(column: SampleColumn): boolean {
  return column.name !== '' && !column.isRepeated && column.text === null && column.minimum < column.maximum;
}

/** Whether a column can be counted level by level: a name of its own, and few different texts. */
export function isCategory(column: SampleColumn): boolean {
  return column.name !== '' && !column.isRepeated && column.levels !== null && column.levels.length > 0;
}

/**
 * The range of a column, widened on both sides by a fraction of its width and rounded outwards to three digits of it.
 *
 * Yes-or-no columns stay as they are, and what is never negative does not become so.
 */
export function widenedRange(column: SampleColumn, fraction: number): { minimum: number; maximum: number } {
  const { minimum, maximum, isWhole } = column;
  if (fraction === 0 || (isWhole && minimum === 0 && maximum === 1)) return { minimum, maximum };
  const margin = (maximum - minimum) * fraction;
  const digits = 2 - Math.floor(Math.log10(maximum - minimum));
  const low = rounded(minimum - margin, digits, Math.floor);
  return {
    minimum: minimum >= 0 ? Math.max(0, low) : low,
    maximum: rounded(maximum + margin, digits, Math.ceil),
  };
}

function takeLine(reading: Sample, cells: readonly string[]): void {
  if (reading.columns.length === 0) {
    const names = cells.map((name) => name.replace('\ufeff', '').trim());
    reading.columns = names.map((name) => newColumn(name, names.filter((other) => other === name).length > 1));
    return;
  }
  reading.rows += 1;
  reading.columns.forEach((column, index) => takeCell(column, (cells[index] ?? '').trim(), reading.rows));
}

function takeCell(column: SampleColumn, cell: string, row: number): void {
  if (cell === '') {
    column.empty += 1;
    return;
  }
  if (column.levels !== null && !column.levels.includes(cell)) {
    column.levels = column.levels.length < MOST_LEVELS ? [...column.levels, cell] : null;
  }
  const value = parseNumber(cell);
  if (value === undefined) {
    column.text ??= { row, cell };
    return;
  }
  column.numbers += 1;
  column.minimum = Math.min(column.minimum, value);
  column.maximum = Math.max(column.maximum, value);
  column.isWhole &&= Number.isInteger(value);
}

function newColumn(name: string, isRepeated: boolean): SampleColumn {
  return {
    name,
    minimum: Infinity,
    maximum: -Infinity,
    numbers: 0,
    empty: 0,
    text: null,
    isWhole: true,
    levels: [],
    isRepeated,
  };
}

/** The beginning of a file, in UTF-8 or else as spreadsheets on Windows still save it. */
function decode(head: ArrayBuffer): { text: string; encoding: string } {
  for (const encoding of ['utf-8', 'windows-1252']) {
    try {
      // As a stream, because the head may end within a character.
      return { text: new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true }), encoding };
    } catch {
      // Some byte is none of this encoding.
    }
  }
  return { text: '', encoding: 'utf-8' };
}

/** Rounds to a number of decimals, without the noise of binary fractions. */
function rounded(value: number, decimals: number, round: (value: number) => number): number {
  const scale = 10 ** decimals;
  return Number((round(value * scale) / scale).toPrecision(12));
}
