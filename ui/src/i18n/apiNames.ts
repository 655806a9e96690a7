import words from './apiNames.json';
import type { Locale } from './locale';

/** A part of something with parts: of the third feature, of the pay, of what is computed. */
const PART = /^(?:computation\.)?([a-z_]+)(?:\.(\d+))?(?:\.([a-z_]+))?$/;

/**
 * What people call a name of the API, such as `deposit_wei`, `computation.features.0.minimum` or the task `statistics/sum`; undefined
 * for any other text.
 */
export function apiName(text: string, locale: Locale): string | undefined {
  if (text.includes('/')) return wordFor(text, locale);
  const [, name, index, member] = PART.exec(text) ?? [];
  const parts = [wordFor(name, locale), index && String(Number(index) + 1), member && wordFor(member, locale)];
  const isKnown = parts[0] !== undefined && (member === undefined || parts[2] !== undefined);
  return isKnown ? parts.filter((part) => part).join(' ') : undefined;
}

function wordFor(name: string | undefined, locale: Locale): string | undefined {
  const known: Readonly<Record<string, string>> = words[locale];
  return name !== undefined && Object.hasOwn(known, name) ? known[name] : undefined;
}
