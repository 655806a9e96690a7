import { Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { Histogram } from '@/charts/Histogram';
import { Button } from '@/components/Button';
import { type Column as TableColumn, DataTable } from '@/components/DataTable';
import { ActionError, Badge, Callout, QueryView } from '@/components/feedback';
import { Card, Facts, Muted, PageHeader, Stack, Stat, Stats } from '@/components/layout';
import { Pagination } from '@/components/lists';
import { Tags } from '@/components/Tags';
import { Time, Unknown } from '@/components/values';
import { formatCount, formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { type Column, type Dataset, type Histogram as Counts, useDataset, useHistograms } from '../api/datasets';
import styles from './datasets.module.css';
import { EditDialog } from './EditDialog';
import { messages } from './messages';
import { problemColumns } from './problems';
import { RemoveDialog } from './RemoveDialog';

const COLUMNS_SHOWN = 25;

/** One dataset: what is known of it and of each column. */
export function DatasetPage() {
  const { datasetId = '' } = useParams();
  const dataset = useDataset(datasetId);
  return <QueryView query={dataset}>{(data) => <DatasetView dataset={data} />}</QueryView>;
}

function DatasetView({ dataset }: { dataset: Dataset }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<'edit' | 'remove' | null>(null);
  const close = () => setDialog(null);
  return (
    <>
      <PageHeader
        title={dataset.name}
        subtitle={dataset.description}
        back={{ to: '/datasets', label: m.back }}
        actions={
          <>
            <Button icon={<Pencil size={15} aria-hidden />} onPress={() => setDialog('edit')}>
              {m.edit}
            </Button>
            <Button icon={<Trash2 size={15} aria-hidden />} onPress={() => setDialog('remove')}>
              {m.remove}
            </Button>
          </>
        }
      />
      {problemColumns(dataset).length > 0 && (
        <Callout tone="warning" title={m.problemsTitle}>
          {m.problemsText}
        </Callout>
      )}
      <Stats>
        <Stat label={m.rows}>{formatCount(dataset.row_count, format)}</Stat>
        <Stat label={m.columns}>{formatCount(dataset.columns.length, format)}</Stat>
        <Stat label={m.usedBy}>
          <UsedBy jobs={dataset.used_by} />
        </Stat>
      </Stats>
      <Card>
        <About dataset={dataset} />
      </Card>
      <Columns dataset={dataset} />
      {dialog === 'edit' && <EditDialog dataset={dataset} onClose={close} />}
      {dialog === 'remove' && (
        <RemoveDialog
          dataset={dataset}
          onClose={close}
          onRemoved={() => void navigate('/datasets', { replace: true })}
        />
      )}
    </>
  );
}

function UsedBy({ jobs }: { jobs: readonly number[] }) {
  const m = useMessages(messages);
  if (jobs.length === 0) return m.unused;
  return jobs.map((job, index) => (
    <span key={job}>
      {index > 0 && ', '}
      <Link to={`/offers/${job}`}>{m.job(job)}</Link>
    </span>
  ));
}

const LISTINGS = ['pending', 'listed', 'refused', 'removing', 'removed'] as const;

function About({ dataset }: { dataset: Dataset }) {
  const m = useMessages(messages);
  const listing = LISTINGS.find((known) => known === dataset.listing);
  return (
    <Stack>
      <Facts
        items={[
          { label: m.tags, value: <Tags tags={dataset.tags} /> },
          { label: m.added, value: <Time at={dataset.added_at} /> },
          {
            label: m.file,
            value: dataset.uploaded ? m.uploadedFile : <code className={styles.path}>{dataset.path}</code>,
          },
          {
            label: m.listingLabel,
            value: (
              <Badge tone={listing === 'listed' ? 'success' : listing === 'refused' ? 'danger' : 'neutral'}>
                {listing ? m.listing[listing] : dataset.listing}
              </Badge>
            ),
          },
        ]}
      />
      {dataset.listing_note && (
        <Callout tone="warning">
          <ServiceText>{dataset.listing_note}</ServiceText>
        </Callout>
      )}
      <Muted>{m.listingHelp}</Muted>
    </Stack>
  );
}

function Columns({ dataset }: { dataset: Dataset }) {
  const m = useMessages(messages);
  const [offset, setOffset] = useState(0);
  const shown = dataset.columns.slice(offset, offset + COLUMNS_SHOWN);
  const numeric = shown.filter((column) => column.minimum !== null).map((column) => column.name);
  const histograms = useHistograms(dataset.dataset_id, numeric);
  const counts = new Map(histograms.data?.histograms.map((histogram) => [histogram.column, histogram]));
  const columns: TableColumn<Column>[] = [
    { key: 'name', header: m.column, primary: true, cell: (row) => row.name },
    { key: 'type', header: m.type, cell: (row) => m.types[row.type] },
    { key: 'range', header: m.range, align: 'end', cell: (row) => <Range column={row} /> },
    {
      key: 'histogram',
      header: m.histogram,
      cell: (row) => <Distribution column={row} counts={counts.get(row.name)} />,
    },
    { key: 'issues', header: m.issues, cell: (row) => <Issues column={row} /> },
  ];
  return (
    <Card title={m.columns} flush>
      <ActionError error={histograms.error} />
      <DataTable label={m.columns} columns={columns} rows={shown} rowKey={(row) => row.name} />
      <Pagination offset={offset} total={dataset.columns.length} pageSize={COLUMNS_SHOWN} onChange={setOffset} />
      <p className={styles.note}>{m.histogramNote}</p>
    </Card>
  );
}

function Range({ column }: { column: Column }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  if (column.minimum === null || column.maximum === null) return <Muted>{m.noNumbers}</Muted>;
  if (column.minimum === column.maximum) return m.always(formatNumber(column.minimum, format));
  return m.to(formatNumber(column.minimum, format), formatNumber(column.maximum, format));
}

function Distribution({ column, counts }: { column: Column; counts: Counts | undefined }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  if (column.minimum === null || column.maximum === null || !counts?.counts.length) return <Unknown />;
  const summary = m.histogramOf(
    column.name,
    formatNumber(column.minimum, format),
    formatNumber(column.maximum, format),
  );
  return <Histogram summary={summary} counts={counts.counts} />;
}

function Issues({ column }: { column: Column }) {
  const m = useMessages(messages);
  const issues = [
    ...(column.unusable ? [m.unusable(column.unusable_count, column.unusable.row, column.unusable.text)] : []),
    ...(column.missing_count > 0 ? [m.missing(column.missing_count, column.first_missing_row ?? 1)] : []),
  ];
  if (issues.length === 0) return <Muted>{m.noIssues}</Muted>;
  return <span className={styles.issue}>{issues.join('; ')}</span>;
}
