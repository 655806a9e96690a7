import type { Locale } from '@/i18n/locale';
import { checkRange, type Report, required, tooLong, whole } from '../../checks';
import { messages } from './messages';
import { type ColumnValues, levelsOf, type StatisticsValues } from './values';

/** Report what is wrong with what was typed, so far as it can be known without the service. */
export function check({ columns }: StatisticsValues, locale: Locale, report: Report): void {
  const texts = messages[locale].problems;
  if (columns.length === 0) report('columns', texts.noColumn);
  const names = columns.map(({ name }) => name.trim());
  columns.forEach((column, index) => {
    const path = `columns.${index}`;
    const name = names[index] ?? '';
    report(`${path}.name`, required(name, texts.name) ?? tooLong(name, 200, locale));
    if (name !== '' && names.indexOf(name) < index) report(`${path}.name`, texts.repeated);
    if (column.kind === 'category') report(`${path}.levels`, levelProblem(column, locale));
    else checkNumbers(column, path, locale, report);
  });
}

function checkNumbers(column: ColumnValues, path: string, locale: Locale, report: Report): void {
  report(`${path}.unit`, tooLong(column.unit, 50, locale));
  checkRange(column, path, locale, report);
  report(`${path}.bins`, whole(column.bins, 1, Number.MAX_SAFE_INTEGER, locale));
}

function levelProblem({ levels }: ColumnValues, locale: Locale): string | undefined {
  const texts = messages[locale].problems;
  const typed = levelsOf(levels);
  const repeated = typed.find((level, index) => typed.indexOf(level) < index);
  const long = typed.find((level) => level.length > 200);
  if (typed.length === 0) return texts.noLevels;
  if (repeated !== undefined) return texts.repeatedLevel(repeated);
  return long === undefined ? undefined : tooLong(long, 200, locale);
}
