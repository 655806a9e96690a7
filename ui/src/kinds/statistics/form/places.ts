import type { Locale } from '@/i18n/locale';
import { messages } from './messages';

/** A field of a column; the service may name the sort of column between, and a level after it. */
const COLUMN = /^columns\.(\d+)(?:\.(?:number|category))?(?:\.(kind|name|unit|minimum|maximum|bins|levels))?(?:\.|$)/;

/** The form's field for a field of the computation; undefined for one that the form does not ask for. */
export function fieldOf(requested: string): string | undefined {
  if (requested === 'columns' || requested === 'correlation') return requested;
  const [, index, field] = COLUMN.exec(requested) ?? [];
  return index === undefined ? undefined : `columns.${index}.${field ?? 'name'}`;
}

/** What the form calls a field (`columns.2.minimum`). */
export function labelOf(field: string, locale: Locale): string {
  const m = messages[locale];
  const [first, index, name = ''] = field.split('.');
  if (first !== 'columns') return m.correlation;
  if (index === undefined) return m.columns;
  return `${m.columnNumber(Number(index) + 1)}, ${m.fields[name as keyof typeof m.fields]}`;
}
