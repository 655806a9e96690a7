import type { Computation, PayRule } from '@/api/schemas';
import { type Locale, useLocale } from '@/i18n/locale';
import { byKind, type KindTerms, type KindWords, type Terms } from './kind';

// Each kind is a folder beside this file, in which these files are looked for. What only one face shows is in registries of its
// own (courses, owners, results, wizards), so that the others do not carry it.
const WORDS = byKind(import.meta.glob<Record<Locale, KindWords>>('./*/words.ts', { eager: true, import: 'default' }));
const TERMS = byKind(import.meta.glob<KindTerms>('./*/terms.ts', { eager: true, import: 'default' }));

/** What people call a kind and its parts; a kind without a folder has its name only. */
export function wordsOf(kind: string, locale: Locale): KindWords {
  return WORDS.get(kind)?.[locale] ?? { name: kind, waiting: {}, learns: {}, consents: {} };
}

/** The words of a kind in the present language. */
export function useKindWords(kind: string): KindWords {
  return wordsOf(kind, useLocale().locale);
}

/** What a job asks, in words; null for a kind without a folder. */
export function useTerms(computation: Computation): Terms | null {
  const { locale, format } = useLocale();
  return TERMS.get(computation.kind)?.read(computation, { locale, format }) ?? null;
}

/** What a kind pays for; undefined for one without a folder. */
export function payRuleOf(kind: string): PayRule | undefined {
  return TERMS.get(kind)?.payRule;
}

/** Whether there is an improvement to speak of; of a kind without a folder once one has been measured. */
export function isPaidByImprovement(job: { kind: string; improvement_percent: number | null }): boolean {
  return payRuleOf(job.kind) === 'improvement' || job.improvement_percent !== null;
}

/** The value under a key that a service gave, and not of what every object has. */
export function own<T>(values: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}
