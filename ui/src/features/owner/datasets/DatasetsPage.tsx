import { Database, Plus } from 'lucide-react';
import { Link, useSearchParams } from 'react-router';
import { ButtonLink } from '@/components/Button';
import { type Column as TableColumn, DataTable } from '@/components/DataTable';
import { Badge, EmptyState, QueryView } from '@/components/feedback';
import { Card, PageHeader, Row } from '@/components/layout';
import { PAGE_SIZE, Pagination, SearchField } from '@/components/lists';
import { Tags } from '@/components/Tags';
import { Time } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { type Dataset, useDatasets } from '../api/datasets';
import { messages } from './messages';
import { problemColumns } from './problems';

/** All datasets of this owner. */
export function DatasetsPage() {
  const m = useMessages(messages);
  const add = (
    <ButtonLink to="/datasets/new" variant="primary" icon={<Plus size={16} aria-hidden />}>
      {m.add}
    </ButtonLink>
  );
  const empty = (
    <Card>
      <EmptyState icon={<Database size={22} aria-hidden />} title={m.emptyTitle} action={add}>
        {m.emptyText}
      </EmptyState>
    </Card>
  );
  const datasets = useDatasets();
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} actions={datasets.data?.datasets.length ? add : undefined} />
      <QueryView query={datasets} isEmpty={(data) => data.datasets.length === 0} empty={empty}>
        {(data) => <DatasetTable datasets={data.datasets} />}
      </QueryView>
    </>
  );
}

function DatasetTable({ datasets }: { datasets: readonly Dataset[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [parameters, setParameters] = useSearchParams();
  const query = parameters.get('query') ?? '';
  const offset = Number(parameters.get('offset') ?? 0);
  const found = datasets.filter((dataset) => matches(dataset, query));
  const columns: TableColumn<Dataset>[] = [
    {
      key: 'name',
      header: m.name,
      primary: true,
      cell: (row) => <Link to={`/datasets/${row.dataset_id}`}>{row.name}</Link>,
    },
    { key: 'rows', header: m.rows, align: 'end', cell: (row) => formatCount(row.row_count, format) },
    { key: 'columns', header: m.columns, align: 'end', cell: (row) => formatCount(row.columns.length, format) },
    { key: 'tags', header: m.tags, cell: (row) => <Tags tags={row.tags} /> },
    { key: 'added', header: m.added, cell: (row) => <Time at={row.added_at} /> },
    { key: 'state', header: m.state, cell: (row) => <State dataset={row} /> },
  ];
  return (
    <>
      <Row>
        <SearchField
          label={m.search}
          value={query}
          onChange={(text) => setParameters(text ? { query: text } : {}, { replace: true })}
        />
      </Row>
      <Card flush>
        {found.length === 0 ? (
          <EmptyState title={m.noneFound}>{m.noneFoundText}</EmptyState>
        ) : (
          <DataTable
            label={m.title}
            columns={columns}
            rows={found.slice(offset, offset + PAGE_SIZE)}
            rowKey={(row) => row.dataset_id}
          />
        )}
        <Pagination
          offset={offset}
          total={found.length}
          onChange={(next) => setParameters({ ...(query && { query }), offset: String(next) })}
        />
      </Card>
    </>
  );
}

function State({ dataset }: { dataset: Dataset }) {
  const m = useMessages(messages);
  const problems = problemColumns(dataset).length;
  if (dataset.used_by.length > 0) return <Badge tone="info">{m.inUse(dataset.used_by.length)}</Badge>;
  if (problems > 0) return <Badge tone="warning">{m.problems(problems)}</Badge>;
  return <Badge tone="success">{m.ok}</Badge>;
}

function matches(dataset: Dataset, query: string): boolean {
  const text = query.trim().toLowerCase();
  return [dataset.name, dataset.description, ...dataset.tags, ...dataset.columns.map((column) => column.name)].some(
    (part) => part.toLowerCase().includes(text),
  );
}
