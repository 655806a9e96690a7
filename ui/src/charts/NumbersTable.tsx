import { useState } from 'react';
import { Button } from '@/components/Button';
import { common } from '@/components/messages';
import { useMessages } from '@/i18n/messages';
import styles from './charts.module.css';

export interface Numbers {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** The numbers of a chart as a table, behind a button; `label` says what they are. */
export function NumbersTable({ label, table }: { label: string; table: Numbers }) {
  const m = useMessages(common);
  const [isShown, setIsShown] = useState(false);
  return (
    <>
      <Button variant="ghost" size="small" aria-expanded={isShown} onPress={() => setIsShown(!isShown)}>
        {isShown ? m.hideTable : m.showTable}
      </Button>
      {isShown && (
        <div className={styles.tableBox} tabIndex={0} role="region" aria-label={label}>
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
    </>
  );
}
