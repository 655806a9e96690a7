import { lazy, Suspense, useState } from 'react';
import { Button } from '@/components/Button';
import { common } from '@/components/messages';
import { useMessages } from '@/i18n/messages';
import styles from './charts.module.css';
import type { PlotProps } from './Plot';

const Plot = lazy(() => import('./Plot'));

interface FigureProps extends PlotProps {
  /** What the chart shows, read out in its place. */
  summary: string;
  table: { head: readonly string[]; rows: readonly (readonly string[])[] };
}

/** A chart with a sentence that says what it shows and, behind a button, its numbers as a table. */
export function Figure({ summary, table, ...plot }: FigureProps) {
  const m = useMessages(common);
  const [showsTable, setShowsTable] = useState(false);
  return (
    <figure className={styles.figure}>
      <div role="img" aria-label={summary} className={plot.height > 200 ? styles.tall : styles.low}>
        <Suspense fallback={null}>
          <Plot {...plot} />
        </Suspense>
      </div>
      <Button variant="ghost" size="small" aria-expanded={showsTable} onPress={() => setShowsTable(!showsTable)}>
        {showsTable ? m.hideTable : m.showTable}
      </Button>
      {showsTable && (
        <div className={styles.tableBox} tabIndex={0} role="region" aria-label={summary}>
          <table className={styles.table}>
            <thead>
              <tr>
                {table.head.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row) => (
                <tr key={row[0]}>
                  {row.map((cell, index) => (
                    <td key={index}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </figure>
  );
}
