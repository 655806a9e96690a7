import { parseNumber } from '@/format/number';
import type { Locale } from '@/i18n/locale';
import { defineMessages } from '@/i18n/messages';

const LARGEST = 1e100;

const texts = defineMessages({
  en: {
    number: 'Enter a number, for example 1234.5.',
    order: 'Enter a maximum above the minimum.',
    tooLong: (most: number) => `Shorten this to ${most} characters.`,
    wholeBetween: (least: number, most: number) =>
      `Enter a whole number from ${least} to ${most.toLocaleString('en-GB')}.`,
    wholeFrom: (least: number) => `Enter a whole number from ${least} on.`,
  },
  es: {
    number: 'Escriba un número, por ejemplo 1234,5.',
    order: 'Escriba un máximo mayor que el mínimo.',
    tooLong: (most) => `Acórtelo a ${most} caracteres.`,
    wholeBetween: (least, most) => `Escriba un número entero de ${least} a ${most.toLocaleString('es-ES')}.`,
    wholeFrom: (least) => `Escriba un número entero a partir de ${least}.`,
  },
});

/** Takes what is wrong with a field, given by its path with dots; undefined when nothing is. */
export type Report = (path: string, message: string | undefined) => void;

/** Says `message` of a field that holds nothing. */
export function required(text: string, message: string): string | undefined {
  return text.trim() === '' ? message : undefined;
}

/** What is wrong with a text that may have so many characters. */
export function tooLong(text: string, most: number, locale: Locale): string | undefined {
  return text.trim().length > most ? texts[locale].tooLong(most) : undefined;
}

/** What is wrong with a typed whole number. */
export function whole(text: string, least: number, most: number, locale: Locale): string | undefined {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (value >= least && value <= most) return undefined;
  const { wholeFrom, wholeBetween } = texts[locale];
  return most === Number.MAX_SAFE_INTEGER ? wholeFrom(least) : wholeBetween(least, most);
}

/** Look at the ends of a range as they were typed. */
export function checkRange(
  range: { minimum: string; maximum: string },
  path: string,
  locale: Locale,
  report: Report,
): void {
  const [minimum, maximum] = [parseNumber(range.minimum), parseNumber(range.maximum)];
  report(`${path}.minimum`, bound(minimum, locale));
  const isOrdered = minimum === undefined || maximum === undefined || minimum < maximum;
  report(`${path}.maximum`, bound(maximum, locale) ?? (isOrdered ? undefined : texts[locale].order));
}

function bound(value: number | undefined, locale: Locale): string | undefined {
  return value === undefined || Math.abs(value) > LARGEST ? texts[locale].number : undefined;
}
