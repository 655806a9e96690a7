import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';
import type { FieldValues, UseFormReturn } from 'react-hook-form';
import type { Locale } from '@/i18n/locale';
import type { Report } from './checks';

/** What is typed for a kind, where the form of a new job has it. */
export interface KindValues<K extends string, V> {
  computations: Record<K, V>;
}

/** The form of a new job, as the steps of one kind see it. */
export type KindForm<K extends string, V extends FieldValues> = UseFormReturn<
  KindValues<K, V>,
  unknown,
  KindValues<K, V>
>;

/** The same, whatever the kind. */
export type AnyKindForm = KindForm<string, FieldValues>;

export interface StepProps<F> {
  form: F;
  /** A new one each time the focus is to go to the first wrong field. */
  focus: object | null;
}

export interface KindStep<V, F> {
  key: string;
  /** What is asked for in it. */
  fields: readonly (keyof V & string)[];
  Component: ComponentType<StepProps<F>>;
}

/** What a buyer is told of a kind while choosing, and the names of its steps. */
export interface WizardWords {
  title: string;
  purpose: string;
  example: string;
  steps: Readonly<Record<string, string>>;
}

/** `wizard.tsx` of a kind: how a buyer asks for it. */
export interface KindWizard<V extends FieldValues = FieldValues, F = AnyKindForm> {
  icon: LucideIcon;
  /** Where it stands among the others. */
  order: number;
  words: Readonly<Record<Locale, WizardWords>>;
  /** How many owners it takes, and whether that is their exact number. */
  owners: { least: number; most: number; exact: boolean };
  defaults: V;
  steps: readonly KindStep<V, F>[];
  /** Report what is wrong with what was typed, by paths within these values. */
  check: (values: V, locale: Locale, report: Report) => void;
  /** What was typed, as `computation` of the request. Call it with values that have no problems. */
  toComputation: (values: V) => object;
  /** What would have been typed for this computation; null for what is not understood. */
  valuesOf: (computation: unknown) => V | null;
  /** The field for one of the request's, both within what belongs to the kind. */
  fieldOf: (requested: string) => string | undefined;
  /** What the form calls a field. */
  labelOf: (field: string, locale: Locale) => string;
  /** Where to say, and how, that the numbers outgrow the key. */
  headroom?: { field: keyof V & string; text: Readonly<Record<Locale, string>> };
}

/** The wizard of a kind; its steps get the form with their own values in it, which nobody else looks into. */
export function kindWizard<K extends string, V extends FieldValues>(
  _kind: K,
  wizard: KindWizard<V, KindForm<K, V>>,
): KindWizard {
  return wizard as unknown as KindWizard;
}

/** A field of a kind as the whole form has it. */
export function pathOf(kind: string, field: string): string {
  return `computations.${kind}.${field}`;
}
