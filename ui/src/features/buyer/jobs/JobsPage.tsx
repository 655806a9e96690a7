import { FlaskConical, Plus } from 'lucide-react';
import { Link, useSearchParams } from 'react-router';
import { ButtonLink } from '@/components/Button';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState, QueryView } from '@/components/feedback';
import { Card, PageHeader, Row } from '@/components/layout';
import { FilterChips, Pagination, SearchField } from '@/components/lists';
import { Amount, Time, Unknown, Value } from '@/components/values';
import { formatCount, formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages as shared } from '../messages';
import { type JobSummary, STATUSES } from '../schemas';
import { StatusBadge } from '../StatusBadge';
import { type JobFilter, useJobs } from './api';
import { messages } from './messages';

/** All jobs of this buyer, a page at a time. */
export function JobsPage() {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const [filter, setFilter] = useFilter();
  const jobs = useJobs(filter);
  const isFiltered = filter.query !== '' || filter.status !== null;
  const newJob = (
    <ButtonLink to="/jobs/new" variant="primary" icon={<Plus size={16} aria-hidden />}>
      {isFiltered || jobs.data?.total ? s.newJob : m.emptyAction}
    </ButtonLink>
  );
  const empty = (
    <Card>
      <EmptyState icon={<FlaskConical size={22} aria-hidden />} title={m.emptyTitle} action={newJob}>
        {m.emptyText}
      </EmptyState>
    </Card>
  );
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} actions={isFiltered || jobs.data?.total ? newJob : undefined} />
      <QueryView query={jobs} isEmpty={(page) => page.total === 0 && !isFiltered} empty={empty}>
        {(page) => (
          <>
            <Filters filter={filter} counts={page.counts} onChange={setFilter} />
            <Card flush>
              {page.jobs.length === 0 ? (
                <EmptyState title={m.noneFound}>{m.noneFoundText}</EmptyState>
              ) : (
                <JobTable jobs={page.jobs} />
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

function Filters(props: {
  filter: JobFilter;
  counts: Readonly<Record<string, number>>;
  onChange: (filter: JobFilter) => void;
}) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const { filter, counts, onChange } = props;
  const options = STATUSES.filter((status) => counts[status] || status === filter.status).map((status) => ({
    key: status,
    label: s.status[status],
    count: counts[status] ?? 0,
  }));
  return (
    <Row justify="between">
      <FilterChips
        label={m.filter}
        options={options}
        value={filter.status}
        onChange={(status) => onChange({ ...filter, status, offset: 0 })}
      />
      <SearchField
        label={m.search}
        value={filter.query}
        onChange={(query) => onChange({ ...filter, query, offset: 0 })}
      />
    </Row>
  );
}

function JobTable({ jobs }: { jobs: readonly JobSummary[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const columns: Column<JobSummary>[] = [
    { key: 'title', header: m.name, primary: true, cell: (job) => <Link to={`/jobs/${job.id}`}>{job.title}</Link> },
    { key: 'status', header: m.status, cell: (job) => <StatusBadge status={job.status} /> },
    {
      key: 'round',
      header: m.progress,
      align: 'end',
      cell: (job) => m.roundOf(formatCount(job.round, format), formatCount(job.rounds, format)),
    },
    { key: 'mse', header: m.mse, align: 'end', cell: (job) => <Value of={job.mse} /> },
    {
      key: 'improvement',
      header: m.improvement,
      align: 'end',
      cell: ({ improvement_percent: improvement }) =>
        improvement === null ? <Unknown /> : formatPercent(improvement, format),
    },
    { key: 'deposit', header: m.deposit, align: 'end', cell: (job) => <Amount wei={job.deposit_wei} /> },
    { key: 'posted', header: m.posted, align: 'end', cell: (job) => <Time at={job.created_at} /> },
  ];
  return <DataTable label={m.title} columns={columns} rows={jobs} rowKey={(job) => job.id} />;
}

/** What part of the list is shown; kept in the address, so that going back finds it again. */
function useFilter(): [JobFilter, (filter: JobFilter) => void] {
  const [parameters, setParameters] = useSearchParams();
  const status = STATUSES.find((known) => known === parameters.get('status')) ?? null;
  const filter = { status, query: parameters.get('query') ?? '', offset: Number(parameters.get('offset') ?? 0) };
  return [filter, (next) => setParameters(toParameters(next), { replace: next.query !== filter.query })];
}

function toParameters({ status, query, offset }: JobFilter): Record<string, string> {
  return { ...(status && { status }), ...(query && { query }), ...(offset > 0 && { offset: String(offset) }) };
}
