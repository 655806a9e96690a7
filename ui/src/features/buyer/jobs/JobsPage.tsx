import { FlaskConical, Plus } from 'lucide-react';
import { Link } from 'react-router';
import { ButtonLink } from '@/components/Button';
import { type Column, DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/feedback';
import { ListPage, useListFilter } from '@/components/ListPage';
import { FilterChips } from '@/components/lists';
import { Amount, NotApplicable, Time, Unknown, Value } from '@/components/values';
import { formatCount, formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { KindName } from '@/kinds/KindName';
import { isPaidByImprovement } from '@/kinds/registry';
import { messages as shared } from '../messages';
import { type JobSummary, STATUSES } from '../schemas';
import { StatusBadge } from '../StatusBadge';
import { useJobs } from './api';
import { messages } from './messages';

/** All jobs of this buyer, a page at a time. */
export function JobsPage() {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const [filter, setFilter] = useListFilter('status');
  const status = STATUSES.find((known) => known === filter.chosen[0]) ?? null;
  const jobs = useJobs({ status, query: filter.query, offset: filter.offset });
  const hasJobs = filter.query !== '' || filter.chosen.length > 0 || Boolean(jobs.data?.total);
  const newJob = (
    <ButtonLink to="/jobs/new" variant="primary" icon={<Plus size={16} aria-hidden />}>
      {hasJobs ? s.newJob : m.emptyAction}
    </ButtonLink>
  );
  return (
    <ListPage
      title={m.title}
      subtitle={m.subtitle}
      actions={hasJobs && newJob}
      query={jobs}
      filter={filter}
      onFilter={setFilter}
      searchLabel={m.search}
      choices={({ counts }, choose) => (
        <FilterChips
          label={m.filter}
          options={STATUSES.filter((known) => counts[known] || known === status).map((known) => ({
            key: known,
            label: s.status[known],
            count: counts[known] ?? 0,
          }))}
          value={status}
          onChange={(key) => choose(key === null ? [] : [key])}
        />
      )}
      items={(page) => page.jobs}
      empty={
        <EmptyState icon={<FlaskConical size={22} aria-hidden />} title={m.emptyTitle} action={newJob}>
          {m.emptyText}
        </EmptyState>
      }
      noneFound={<EmptyState title={m.noneFound}>{m.noneFoundText}</EmptyState>}
    >
      {(found) => <JobTable jobs={found} />}
    </ListPage>
  );
}

function JobTable({ jobs }: { jobs: readonly JobSummary[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const columns: Column<JobSummary>[] = [
    { key: 'title', header: m.name, primary: true, cell: (job) => <Link to={`/jobs/${job.id}`}>{job.title}</Link> },
    { key: 'kind', header: m.kind, cell: (job) => <KindName kind={job.kind} /> },
    { key: 'status', header: m.status, cell: (job) => <StatusBadge status={job.status} /> },
  ];
  const course: Column<JobSummary>[] = [
    {
      key: 'round',
      header: m.progress,
      align: 'end',
      cell: (job) =>
        job.rounds > 1 ? m.roundOf(formatCount(job.round, format), formatCount(job.rounds, format)) : <NotApplicable />,
    },
    {
      key: 'mse',
      header: m.mse,
      align: 'end',
      cell: (job) => (isPaidByImprovement(job) ? <Value of={job.mse} /> : <NotApplicable />),
    },
    {
      key: 'improvement',
      header: m.improvement,
      align: 'end',
      cell: (job) => {
        if (!isPaidByImprovement(job)) return <NotApplicable />;
        return job.improvement_percent === null ? <Unknown /> : formatPercent(job.improvement_percent, format);
      },
    },
  ];
  const money: Column<JobSummary>[] = [
    { key: 'deposit', header: m.deposit, align: 'end', cell: (job) => <Amount wei={job.deposit_wei} /> },
    { key: 'posted', header: m.posted, align: 'end', cell: (job) => <Time at={job.created_at} /> },
  ];
  // A page without any such job has no room for what they alone have.
  const shown = [...columns, ...(jobs.some(isPaidByImprovement) ? course : []), ...money];
  return <DataTable label={m.title} columns={shown} rows={jobs} rowKey={(job) => job.id} />;
}
