import type { ComponentType } from 'react';
import type * as z from 'zod/mini';
import type { Computation, MsePoint, PayRule } from '@/api/schemas';
import type { Locale } from '@/i18n/locale';

/** In which language and format something is written. */
export interface Reader {
  locale: Locale;
  /** For `Intl`. */
  format: string;
}

/** `words.ts` of a kind: what people call it, its steps, and what it tells. */
export interface KindWords {
  name: string;
  /** By the name of a step (`train`): that the job waits for it. */
  waiting: Readonly<Record<string, string>>;
  /** By code: what a party learns, where the page says it better than the service. */
  learns: Readonly<Record<string, string>>;
  /** By code: what an owner agrees to beside the terms. */
  consents: Readonly<Record<string, { label: string; help: string }>>;
}

/** A setting or another fact with its name. */
export interface Fact {
  label: string;
  value: string;
}

/** A column that a job asks of a data set. */
export interface TermColumn {
  name: string;
  /** What it is used for. */
  use: string;
  /** What its cells may be. */
  values: string;
}

/** What a job asks, ready to be shown. */
export interface Terms {
  /** In one line. */
  summary: string;
  /** What the columns are together: "Target and 2 features". */
  columnsTitle: string;
  columns: readonly TermColumn[];
  settings: readonly Fact[];
}

/** `terms.ts` of a kind. */
export interface KindTerms {
  payRule: PayRule;
  /** The terms in words; null for what is not understood. */
  read: (computation: Computation, reader: Reader) => Terms | null;
}

/** The terms of a kind, of which `schema` is what is computed. */
export function kindTerms<C>(
  payRule: PayRule,
  schema: z.ZodMiniType<C>,
  describe: (computation: C, reader: Reader) => Terms,
): KindTerms {
  return {
    payRule,
    read: (computation, reader) => {
      const parsed = schema.safeParse(computation);
      return parsed.success ? describe(parsed.data, reader) : null;
    },
  };
}

/** How a computation has gone so far that is paid by its improvement. */
export interface Course {
  initial: number | null;
  now: number | null;
  improvementPercent: number | null;
  history: readonly MsePoint[];
  /** How far the axis goes while it goes on. */
  rounds?: number;
  hasEnded: boolean;
}

/** `course.tsx` of a kind: how it goes, in figures (`Stat`s) and as a card. */
export interface KindCourse {
  Figures: ComponentType<{ course: Course }>;
  Chart: ComponentType<{ course: Course }>;
}

/** `owner.tsx` of a kind: what an owner is told before it accepts, and what its acceptance said. */
export interface KindOwner {
  /** What is declared of the rows beside their number, as a part of a sentence. */
  declares: Readonly<Record<Locale, string>>;
  /** What is to be known beside what the service says is learnt. */
  Note: ComponentType<{ minOwners: number }>;
  /** What an acceptance declared, of what has words. */
  facts: (facts: Readonly<Record<string, unknown>>, reader: Reader) => readonly Fact[];
}

export interface ResultProps {
  jobId: string;
  computation: Computation;
  title: string;
  improvementPercent: number | null;
}

/** `result.tsx` of a kind: what a finished job has brought. */
export type KindResult = ComponentType<ResultProps>;

/** What the folders of the kinds have in files of one name, by kind. */
export function byKind<T>(modules: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(modules).map(([path, module]) => [path.split('/')[1] ?? '', module]));
}
