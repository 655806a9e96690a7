/** The separator of a table's cells: what a decimal comma cannot be comes first. */
export function delimiterOf(text: string): string {
  const unquoted = text.replace(/"[^"]*"/g, '');
  return ['\t', ';'].find((delimiter) => unquoted.includes(delimiter)) ?? ',';
}

/** The first line of a text. */
export function firstLine(text: string): string {
  return text.slice(0, text.search(/\r|\n|$/));
}
