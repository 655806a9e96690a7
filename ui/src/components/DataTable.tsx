import type { ReactNode } from 'react';
import styles from './DataTable.module.css';

export interface Column<T> {
  key: string;
  header: string;
  cell: (row: T) => ReactNode;
  align?: 'end';
  /** Stands at the head of the card that a row is on a narrow screen, and heads the row for screen readers. */
  primary?: boolean;
}

interface DataTableProps<T> {
  /** Read out; not seen. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
}

/**
 * A table that becomes a list of cards on narrow screens.
 *
 * The roles are written out because browsers take them away from tables that are shown otherwise.
 */
export function DataTable<T>({ label, columns, rows, rowKey }: DataTableProps<T>) {
  return (
    <table className={styles.table} role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column.key} role="columnheader" scope="col" className={column.align && styles.end}>
              {column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={rowKey(row)} role="row">
            {columns.map((column) => (
              <TableCell key={column.key} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TableCell<T>({ column, row }: { column: Column<T>; row: T }) {
  const className = `${column.align ? styles.end : ''} ${column.primary ? styles.primary : ''}`;
  if (column.primary) {
    return (
      <th role="rowheader" scope="row" className={className}>
        {column.cell(row)}
      </th>
    );
  }
  return (
    <td role="cell" className={className}>
      <span className={styles.cellLabel} aria-hidden>
        {column.header}
      </span>
      <span className={styles.cellValue}>{column.cell(row)}</span>
    </td>
  );
}
