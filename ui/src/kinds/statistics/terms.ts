import { formatNumber } from '@/format/number';
import { kindTerms, type Reader, type TermColumn } from '../kind';
import { messages } from './messages';
import { type Statistics, statistics } from './schema';

/** Levels of a category that are named. */
const MOST_LEVELS = 12;

export default kindTerms('per_answer', statistics, ({ columns, correlation }, reader) => {
  const m = messages[reader.locale];
  return {
    summary: (correlation ? m.summaryCorrelation : m.summary)(columns.length),
    columnsTitle: m.columns(columns.length),
    columns: columns.map((column) => termOf(column, reader)),
    settings: [{ label: m.correlation, value: correlation ? m.correlationAsked : m.correlationNot }],
  };
});

function termOf(column: Statistics['columns'][number], { locale, format }: Reader): TermColumn {
  const m = messages[locale];
  if (column.kind === 'category') {
    const { name, levels } = column;
    const named = levels.slice(0, MOST_LEVELS).join(', ');
    const values = levels.length > MOST_LEVELS ? m.moreLevels(named, levels.length - MOST_LEVELS) : named;
    return { name, use: m.category(levels.length), values };
  }
  const { name, unit, bins } = column;
  const range = m.rangeOf(formatNumber(column.minimum, format), formatNumber(column.maximum, format));
  return { name, use: m.number(bins), values: `${range} ${unit}`.trim() };
}
