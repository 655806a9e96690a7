import { Database } from 'lucide-react';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/feedback';
import { ListPage, useListFilter } from '@/components/ListPage';
import { Tags } from '@/components/Tags';
import { Hash, Time } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import styles from '../board.module.css';
import { type Dataset, useDatasets } from './api';
import { messages } from './messages';
import { TagFilter } from './TagFilter';

/** What data owners say of their datasets. */
export function DatasetsPage() {
  const m = useMessages(messages);
  const [filter, setFilter] = useListFilter('tag');
  const datasets = useDatasets({ query: filter.query, tags: filter.chosen, offset: filter.offset });
  return (
    <ListPage
      title={m.title}
      subtitle={m.subtitle}
      query={datasets}
      filter={filter}
      onFilter={setFilter}
      searchLabel={m.search}
      choices={(page, choose) => <TagFilter tags={page.tags} chosen={filter.chosen} onChange={choose} />}
      items={(page) => page.datasets}
      empty={
        <EmptyState icon={<Database size={22} aria-hidden />} title={m.emptyTitle}>
          {m.emptyText}
        </EmptyState>
      }
      noneFound={<EmptyState title={m.noneFound}>{m.noneFoundText}</EmptyState>}
    >
      {(found) => <DatasetTable datasets={found} />}
    </ListPage>
  );
}

function DatasetTable({ datasets }: { datasets: readonly Dataset[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const columns: Column<Dataset>[] = [
    {
      key: 'name',
      header: m.name,
      primary: true,
      cell: (row) => (
        <div>
          {row.name}
          {row.description && <span className={styles.about}>{row.description}</span>}
        </div>
      ),
    },
    {
      key: 'owner',
      header: m.owner,
      cell: (row) => (
        <>
          {row.owner_name} <Hash value={row.owner} />
        </>
      ),
    },
    { key: 'tags', header: m.tags, cell: (row) => <Tags tags={row.tags} /> },
    { key: 'columns', header: m.columns, cell: (row) => <ColumnList dataset={row} /> },
    { key: 'rows', header: m.rows, align: 'end', cell: (row) => formatCount(row.row_count, format) },
    { key: 'updated', header: m.updated, align: 'end', cell: (row) => <Time at={row.updated_at} /> },
  ];
  return <DataTable label={m.title} columns={columns} rows={datasets} rowKey={(row) => row.dataset_id} />;
}

function ColumnList({ dataset }: { dataset: Dataset }) {
  const m = useMessages(messages);
  return (
    <details className={styles.columnList}>
      <summary>{m.columnCount(dataset.columns.length)}</summary>
      <ul>
        {dataset.columns.map((column) => (
          <li key={column.name}>
            {column.name}: {column.type in m.types ? m.types[column.type as keyof typeof m.types] : column.type}
          </li>
        ))}
      </ul>
    </details>
  );
}
