import { type Locale, useLocale } from './locale';

type Widened<T> = T extends string
  ? string
  : T extends (...values: infer Values) => string
    ? (...values: Values) => string
    : { readonly [Key in keyof T]: Widened<T[Key]> };

type Catalogue<T> = Record<Locale, T>;

/** The texts of one part of a page in every language; a text that one language lacks is a type error. */
export function defineMessages<const T>(messages: { en: T; es: Widened<T> }): Catalogue<Widened<T>> {
  return messages as Catalogue<Widened<T>>;
}

/** The texts of a catalogue in the present language. */
export function useMessages<T>(catalogue: Catalogue<T>): T {
  return catalogue[useLocale().locale];
}

/** The form for a count: languages here have one for 1 and one for the rest. */
export function plural(count: number, one: string, other: string): string {
  return count === 1 ? one : other;
}
