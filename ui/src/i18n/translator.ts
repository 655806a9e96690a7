/** Texts of the services in another language: sentences with holes (`{}`), and the words that fill some of them. */
export interface ServiceCatalogue {
  texts: Readonly<Record<string, string>>;
  words: Readonly<Record<string, string>>;
}

/** A text in the other language, as far as it is known; what is not (names, numbers, paths) stays as it is. */
export type Translate = (text: string) => string;

/** What joins texts that are complete by themselves, the loosest first. */
const JOINTS = [' · ', '; ', ': '];

/** More joints in one text are not looked at, so that no text that somebody else wrote takes long. */
const MOST_JOINTS = 12;

/** With fewer letters a template would fit what people write; its holes must be numbers or in quotes. */
const FEW_LETTERS = 6;

const REMEMBERED = 500;

interface Template {
  /** What stands between the holes. */
  pieces: readonly string[];
  letters: number;
  translation: string;
}

/**
 * Make the translator for a catalogue.
 *
 * @param nameOf what people call a name of the API, such as `deposit_wei`.
 */
export function createTranslator(
  catalogue: ServiceCatalogue,
  nameOf: (text: string) => string | undefined = () => undefined,
): Translate {
  const templates = compile(catalogue.texts);
  const remembered = new Map<string, string>();

  const whole = (text: string): string | null => {
    const exact = own(catalogue.texts, text);
    if (exact !== undefined) return exact;
    for (const { pieces, letters, translation } of templates) {
      const holes = fit(pieces, text);
      if (holes !== null && (letters >= FEW_LETTERS || holes.every(isClear)))
        return fillIn(translation, holes.map(hole));
    }
    return null;
  };
  const hole = (text: string): string =>
    isQuoted(text) ? text : (own(catalogue.words, text) ?? nameOf(text) ?? known(text) ?? text);
  const known = (text: string, level = 0): string | null => whole(text) ?? inPieces(text, level);
  const inPieces = (text: string, level: number): string | null => {
    const joint = JOINTS[level];
    if (joint === undefined) return inBrackets(text);
    for (const at of placesOf(joint, text)) {
      const [start, rest] = [text.slice(0, at), text.slice(at + joint.length)];
      const left = (joint === ': ' ? nameOf(start) : undefined) ?? known(start, level + 1);
      const right = known(rest, left === null ? level + 1 : level);
      if (left !== null || right !== null) return (left ?? start) + joint + (right ?? rest);
    }
    return inPieces(text, level + 1);
  };
  const inBrackets = (text: string): string | null => {
    const at = text.lastIndexOf(' (');
    if (at < 0 || !text.endsWith(')')) return null;
    const [start, inside] = [text.slice(0, at), text.slice(at + 2, -1)];
    const [before, within] = [whole(start), whole(inside)];
    return before === null && within === null ? null : `${before ?? start} (${within ?? inside})`;
  };

  return (text) => {
    let found = remembered.get(text);
    if (found === undefined) {
      found = known(text) ?? text;
      if (remembered.size >= REMEMBERED) remembered.clear();
      remembered.set(text, found);
    }
    return found;
  };
}

/** The templates with holes, those with most letters first. */
function compile(texts: ServiceCatalogue['texts']): Template[] {
  return Object.entries(texts)
    .filter(([text]) => text.includes('{}'))
    .map(([text, translation]) => ({
      pieces: text.split('{}'),
      letters: text.replace(/\P{L}/gu, '').length,
      translation,
    }))
    .sort((one, other) => other.letters - one.letters);
}

/** What fills the holes between `pieces` so that they make up `text`; null when nothing does. */
function fit(pieces: readonly string[], text: string): string[] | null {
  const [first = '', ...rest] = pieces;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return null;
  const end = text.length - last.length;
  const holes: string[] = [];
  let [before, at] = [first, first.length];
  for (const piece of rest) {
    const found = endOfHole(text, at, piece, isWord(before));
    if (found < 0 || found + piece.length > end) return null;
    holes.push(text.slice(at, found));
    [before, at] = [piece, found + piece.length];
  }
  if (at > end || (at === end && !isWord(before))) return null;
  return [...holes, text.slice(at, end)];
}

/** Where the next piece begins; a hole that opens with a quote closes with one, whatever stands in between. */
function endOfHole(text: string, at: number, piece: string, mayBeEmpty: boolean): number {
  const quote = text.charAt(at);
  const closing = quote === "'" || quote === '"' ? text.indexOf(quote + piece, at + 1) : -1;
  return closing >= 0 ? closing + 1 : text.indexOf(piece, mayBeEmpty ? at : at + 1);
}

function fillIn(translation: string, holes: readonly string[]): string {
  let next = 0;
  return translation.replace(/\{(\d?)\}/g, (_, number: string) => holes[number === '' ? next++ : Number(number)] ?? '');
}

function placesOf(joint: string, text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(joint); at >= 0 && places.length < MOST_JOINTS; at = text.indexOf(joint, at + 1)) {
    places.push(at);
  }
  return places;
}

/** A hole right after a letter is an ending, as in `item{}`, and may be empty. */
const isWord = (piece: string) => /\p{L}$/u.test(piece);
const isQuoted = (text: string) => /^(['"]).*\1$/s.test(text);
const isClear = (text: string) => isQuoted(text) || !/\p{L}/u.test(text);

function own(texts: Readonly<Record<string, string>>, text: string): string | undefined {
  return Object.hasOwn(texts, text) ? texts[text] : undefined;
}
