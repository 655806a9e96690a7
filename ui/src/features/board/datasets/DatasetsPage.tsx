import { Database } from 'lucide-react';
import { useSearchParams } from 'react-router';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState, QueryView } from '@/components/feedback';
import { Card, PageHeader, Row } from '@/components/layout';
import { Pagination, SearchField } from '@/components/lists';
import { Tags } from '@/components/Tags';
import { Hash, Time } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import styles from '../board.module.css';
import { type Dataset, type DatasetFilter, useDatasets } from './api';
import { messages } from './messages';
import { TagFilter } from './TagFilter';

/** What data owners say of their datasets. */
export function DatasetsPage() {
  const m = useMessages(messages);
  const [filter, setFilter] = useFilter();
  const datasets = useDatasets(filter);
  const isFiltered = filter.query !== '' || filter.tags.length > 0;
  const empty = (
    <Card>
      <EmptyState icon={<Database size={22} aria-hidden />} title={m.emptyTitle}>
        {m.emptyText}
      </EmptyState>
    </Card>
  );
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} />
      <QueryView query={datasets} isEmpty={(page) => page.total === 0 && !isFiltered} empty={empty}>
        {(page) => (
          <>
            <Row justify="between">
              <TagFilter
                tags={page.tags}
                chosen={filter.tags}
                onChange={(tags) => setFilter({ ...filter, tags, offset: 0 })}
              />
              <SearchField
                label={m.search}
                value={filter.query}
                onChange={(query) => setFilter({ ...filter, query, offset: 0 })}
              />
            </Row>
            <Card flush>
              {page.datasets.length === 0 ? (
                <EmptyState title={m.noneFound}>{m.noneFoundText}</EmptyState>
              ) : (
                <DatasetTable datasets={page.datasets} />
              )}
              <Pagination
                offset={filter.offset}
                total={page.total}
                onChange={(offset) => setFilter({ ...filter, offset })}
              />
            </Card>
          </>
        )}
      </QueryView>
    </>
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

/** What part of the catalogue is shown; kept in the address, so that it can be passed on. */
function useFilter(): [DatasetFilter, (filter: DatasetFilter) => void] {
  const [parameters, setParameters] = useSearchParams();
  const filter = {
    query: parameters.get('query') ?? '',
    tags: parameters.getAll('tag'),
    offset: Number(parameters.get('offset') ?? 0),
  };
  return [filter, (next) => setParameters(toParameters(next), { replace: next.query !== filter.query })];
}

function toParameters({ query, tags, offset }: DatasetFilter): URLSearchParams {
  const parameters = new URLSearchParams(tags.map((tag) => ['tag', tag]));
  if (query) parameters.set('query', query);
  if (offset > 0) parameters.set('offset', String(offset));
  return parameters;
}
