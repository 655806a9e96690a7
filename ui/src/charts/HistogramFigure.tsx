import { formatCount, formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { defineMessages, useMessages } from '@/i18n/messages';
import styles from './charts.module.css';
import { Histogram } from './Histogram';
import { NumbersTable } from './NumbersTable';

const messages = defineMessages({
  en: {
    interval: 'From … to',
    count: 'Count',
    between: (from: string, to: string) => `${from} to ${to}`,
  },
  es: {
    interval: 'De … a',
    count: 'Número',
    between: (from, to) => `de ${from} a ${to}`,
  },
});

const DIGITS = 4;

interface HistogramFigureProps {
  /** What the bars show, read out in their place. */
  summary: string;
  /** One more than counts. */
  edges: readonly number[];
  counts: readonly number[];
  unit: string;
}

/** A histogram with its axis and, behind a button, its numbers as a table. */
export function HistogramFigure({ summary, edges, counts, unit }: HistogramFigureProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const edge = (index: number) => formatNumber(edges[index] ?? NaN, format, DIGITS);
  const last = edges.length - 1;
  const rows = counts.map((count, index) => [m.between(edge(index), edge(index + 1)), formatCount(count, format)]);
  return (
    <figure className={styles.figure}>
      <div className={styles.withAxis}>
        <Histogram summary={summary} counts={counts} large />
        <div className={styles.axis} aria-hidden>
          <span>{edge(0)}</span>
          {last % 2 === 0 && <span>{edge(last / 2)}</span>}
          <span>
            {edge(last)} {unit}
          </span>
        </div>
      </div>
      <NumbersTable label={summary} table={{ head: [m.interval, m.count], rows }} />
    </figure>
  );
}
