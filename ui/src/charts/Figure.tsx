import { lazy, Suspense } from 'react';
import styles from './charts.module.css';
import { type Numbers, NumbersTable } from './NumbersTable';
import type { PlotProps } from './Plot';

const Plot = lazy(() => import('./Plot'));

interface FigureProps extends PlotProps {
  /** What the chart shows, read out in its place. */
  summary: string;
  table: Numbers;
}

/** A chart with a sentence that says what it shows and, behind a button, its numbers as a table. */
export function Figure({ summary, table, ...plot }: FigureProps) {
  return (
    <figure className={styles.figure}>
      <div role="img" aria-label={summary} className={plot.height > 200 ? styles.tall : styles.low}>
        <Suspense fallback={null}>
          <Plot {...plot} />
        </Suspense>
      </div>
      <NumbersTable label={summary} table={table} />
    </figure>
  );
}
