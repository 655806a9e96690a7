import { useState } from 'react';
import { Histogram } from '@/charts/Histogram';
import { type Column, DataTable } from '@/components/DataTable';
import { Muted } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { NotApplicable, Value } from '@/components/values';
import { formatCount, formatNumber, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { Levels, Numbers } from '../schema';
import { deviationOf, type ShownColumn } from './columns';
import { messages } from './messages';
import styles from './view.module.css';

const DIGITS = 5;

/** All columns in one table. */
export function Overview({ columns }: { columns: readonly ShownColumn[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [offset, setOffset] = useState(0);
  const count = (key: 'count' | 'missing'): Column<ShownColumn> => ({
    key,
    header: m[key],
    align: 'end',
    cell: (row) => formatCount(row.is[key], format),
  });
  const number = (key: string, header: string, of: (numbers: Numbers) => number | null): Column<ShownColumn> => ({
    key,
    header,
    align: 'end',
    cell: (row) => {
      const value = row.kind === 'number' ? of(row.is) : null;
      return value === null ? <NotApplicable /> : <Value of={value} digits={DIGITS} />;
    },
  });
  const shown: Column<ShownColumn>[] = [
    {
      key: 'name',
      header: m.name,
      primary: true,
      cell: (row) => (
        <span>
          {row.name} {row.unit && <Muted>({row.unit})</Muted>}
        </span>
      ),
    },
    count('count'),
    count('missing'),
    number('mean', m.mean, (one) => one.mean),
    number('deviation', m.deviation, deviationOf),
    number('minimum', m.minimum, (one) => one.minimum),
    number('maximum', m.maximum, (one) => one.maximum),
    { key: 'distribution', header: m.distribution, cell: (row) => <Distribution column={row} /> },
  ];
  return (
    <>
      <div className={styles.overview}>
        <DataTable
          label={m.all}
          columns={shown}
          rows={columns.slice(offset, offset + PAGE_SIZE)}
          rowKey={(row) => row.name}
        />
      </div>
      <Pagination offset={offset} total={columns.length} onChange={setOffset} />
      <p className={styles.note}>{m.edges}</p>
    </>
  );
}

function Distribution({ column }: { column: ShownColumn }) {
  const summary = useSummary();
  if (column.is.count === 0) return <NotApplicable />;
  const counts = column.kind === 'number' ? column.is.histogram.counts : Object.values(column.is.levels);
  return <Histogram summary={summary(column)} counts={counts} />;
}

/** What the distribution of a column is, in a sentence. */
export function useSummary(): (column: ShownColumn) => string {
  const m = useMessages(messages);
  const { format } = useLocale();
  return (column) => {
    if (column.kind === 'category') return m.levelsOf(column.name, ...mostFrequent(column.is, format));
    const { edges } = column.is.histogram;
    const edge = (value: number | undefined) => formatNumber(value ?? NaN, format, DIGITS);
    return m.histogramOf(column.name, edge(edges.at(0)), edge(edges.at(-1)));
  };
}

function mostFrequent({ count, levels }: Levels, format: string): [string, string] {
  const [level, most] = Object.entries(levels).reduce((one, other) => (other[1] > one[1] ? other : one), ['–', 0]);
  return [level, formatShare(count === 0 ? 0 : most / count, format)];
}
