import type { Feature } from '@/api/schemas';
import { formatCount, formatNumber, formatShare } from '@/format/number';
import { kindTerms, type Reader } from '../kind';
import { messages } from './messages';
import { type LinearRegression, linearRegression } from './schema';

export default kindTerms('improvement', linearRegression, (computation, reader) => {
  const m = messages[reader.locale];
  const column = (use: string) => (feature: Feature) => ({ name: feature.name, use, values: rangeOf(feature, reader) });
  return {
    summary: m.summary(computation.features.length, computation.target.name),
    columnsTitle: m.columns(computation.features.length),
    columns: [column(m.target)(computation.target), ...computation.features.map(column(m.feature))],
    settings: settingsOf(computation, reader),
  };
});

function settingsOf(computation: LinearRegression, { locale, format }: Reader) {
  const m = messages[locale];
  const stop = computation.early_stop;
  return [
    { label: m.rounds, value: formatCount(computation.rounds, format) },
    { label: m.evaluateEvery, value: m.roundCount(computation.evaluate_every) },
    { label: m.localSteps, value: formatCount(computation.local_steps, format) },
    { label: m.learningRate, value: formatNumber(computation.learning_rate, format) },
    { label: m.scaling, value: m.scalings[computation.scaling] },
    { label: m.averaging, value: m.averagings[computation.averaging] },
    {
      label: m.stopsEarly,
      value: stop ? m.stopsWhen(formatShare(stop.minimum_improvement, format), stop.patience) : m.stopsNever,
    },
  ];
}

function rangeOf({ minimum, maximum, unit }: Feature, { locale, format }: Reader): string {
  return `${messages[locale].rangeOf(formatNumber(minimum, format), formatNumber(maximum, format))} ${unit}`.trim();
}
