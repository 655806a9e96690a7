import { Link } from 'react-router';
import { type Column, DataTable } from '@/components/DataTable';
import { Amount, NotApplicable, Time, Unknown, Value } from '@/components/values';
import { formatCount, formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { KindName } from '@/kinds/KindName';
import type { JobRow } from '../schemas';
import { StateBadge } from '../StateBadge';
import { messages } from './messages';

interface JobTableProps {
  jobs: readonly JobRow[];
  /** All of them wait for owners, so that there is nothing to say of their course yet. */
  open?: boolean;
}

/** Jobs with their public metrics. */
export function JobTable({ jobs, open = false }: JobTableProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const of = (count: number, total: number) => m.of(formatCount(count, format), formatCount(total, format));
  const columns: Column<JobRow>[] = [
    {
      key: 'title',
      header: m.name,
      primary: true,
      cell: (job) => <Link to={`/jobs/${job.job_id}`}>{job.title}</Link>,
    },
    { key: 'kind', header: m.kind, cell: (job) => <KindName kind={job.kind} /> },
    { key: 'state', header: m.state, cell: (job) => <StateBadge state={job.state} /> },
    {
      key: 'owners',
      header: m.owners,
      align: 'end',
      cell: (job) => (job.owners < job.min_owners ? of(job.owners, job.min_owners) : formatCount(job.owners, format)),
    },
  ];
  const course: Column<JobRow>[] = [
    {
      key: 'round',
      header: m.round,
      align: 'end',
      cell: (job) => (job.rounds > 1 ? of(job.round, job.rounds) : <NotApplicable />),
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
  const deposit: Column<JobRow> = {
    key: 'deposit',
    header: m.deposit,
    align: 'end',
    cell: (job) => <Amount wei={job.deposit_wei} />,
  };
  const when: Column<JobRow> = open
    ? { key: 'startBy', header: m.startBy, align: 'end', cell: (job) => <Time at={job.start_by} /> }
    : { key: 'posted', header: m.posted, align: 'end', cell: (job) => <Time at={job.posted_at} /> };
  // A page without any such job has no room for what they alone have.
  const showsCourse = !open && jobs.some(isPaidByImprovement);
  const shown = [...columns, ...(showsCourse ? course : []), deposit, when];
  return <DataTable label={m.title} columns={shown} rows={jobs} rowKey={(job) => job.job_id} />;
}

function isPaidByImprovement({ pay_rule }: JobRow): boolean {
  return pay_rule === 'improvement';
}
