import { useCallback, useMemo } from 'react';
import type { MsePoint } from '@/api/schemas';
import { formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { defineMessages, useMessages } from '@/i18n/messages';
import { Figure } from './Figure';
import type { PlotColours } from './Plot';

const messages = defineMessages({
  en: {
    round: 'Round',
    mse: 'Mean squared error',
    summary: (first: string, last: string, round: number) =>
      `Mean squared error: ${first} at first, ${last} after round ${round}.`,
    nothing: 'No error has been measured yet.',
  },
  es: {
    round: 'Ronda',
    mse: 'Error cuadrático medio',
    summary: (first, last, round) => `Error cuadrático medio: ${first} al principio, ${last} tras la ronda ${round}.`,
    nothing: 'Aún no se ha medido ningún error.',
  },
});

interface MseChartProps {
  history: readonly MsePoint[];
  /** How far the axis goes while training goes on; as far as was measured without it. */
  rounds?: number;
}

/** The falling error of a model, round by round. */
export function MseChart({ history, rounds }: MseChartProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const data = useMemo<[number[], (number | null)[]]>(
    () => [history.map((point) => point.round), history.map((point) => point.mse)],
    [history],
  );
  const options = useCallback(
    (colours: PlotColours) => ({
      legend: { show: false },
      cursor: { y: false, points: { size: 8 } },
      padding: [12, 20, 0, 0] as [number, number, number, number],
      scales: { x: { time: false, ...(rounds === undefined ? {} : { range: [0, rounds] as [number, number] }) } },
      axes: [
        {
          ...axis(colours),
          label: m.round,
          size: 34,
          labelSize: 18,
          labelGap: 0,
          values: (_: unknown, ticks: number[]) =>
            ticks.map((tick) => (Number.isInteger(tick) ? formatNumber(tick, format) : '')),
        },
        {
          ...axis(colours),
          size: 64,
          values: (_: unknown, ticks: number[]) => ticks.map((tick) => formatNumber(tick, format, 4)),
        },
      ],
      series: [
        {},
        {
          label: m.mse,
          stroke: colours.line,
          width: 2,
          fill: colours.fill,
          // Shown as long as there is room between them.
          points: { size: 6, fill: colours.line },
        },
      ],
    }),
    [format, m, rounds],
  );
  const measured = history.filter((point): point is { round: number; mse: number } => point.mse !== null);
  const first = measured.at(0);
  const last = measured.at(-1);
  const summary =
    first && last ? m.summary(formatNumber(first.mse, format), formatNumber(last.mse, format), last.round) : m.nothing;
  if (!first) return <p>{m.nothing}</p>;
  const rows = measured.map((point) => [String(point.round), formatNumber(point.mse, format, 10)]);
  return (
    <Figure data={data} height={260} options={options} summary={summary} table={{ head: [m.round, m.mse], rows }} />
  );
}

/** Colours and size of an axis. */
function axis(colours: PlotColours) {
  return {
    stroke: colours.text,
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    grid: { stroke: colours.grid, width: 1 },
    ticks: { stroke: colours.grid, width: 1 },
  };
}
