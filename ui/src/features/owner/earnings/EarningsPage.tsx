import { Coins } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { type About, useAbout } from '@/api/about';
import { ButtonLink } from '@/components/Button';
import { type Column, DataTable } from '@/components/DataTable';
import { Badge, EmptyState, QueryView } from '@/components/feedback';
import { Card, PageHeader } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { Amount, NotApplicable, TransactionHash, Unknown } from '@/components/values';
import { Balance } from '@/features/money/Balance';
import { WithdrawButton } from '@/features/money/WithdrawButton';
import { Withdrawals } from '@/features/money/Withdrawals';
import { formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { type JobEarning, useEarnings } from '../api/earnings';
import { messages as shared } from '../messages';
import { messages } from './messages';

/** What this owner earned, by job and in all, and ways to have it paid out. */
export function EarningsPage() {
  const m = useMessages(messages);
  const about = useAbout();
  const earnings = useEarnings();
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} actions={<WithdrawButton />} />
      <Balance />
      <Card title={m.jobs} flush>
        <QueryView query={earnings} isEmpty={(data) => data.jobs.length === 0} empty={<NoJobs />}>
          {(data) => <JobTable jobs={data.jobs} about={about.data} />}
        </QueryView>
      </Card>
      <Withdrawals />
    </>
  );
}

function NoJobs() {
  const m = useMessages(messages);
  return (
    <EmptyState
      icon={<Coins size={22} aria-hidden />}
      title={m.noJobsTitle}
      action={<ButtonLink to="/offers">{m.noJobsAction}</ButtonLink>}
    >
      {m.noJobsText}
    </EmptyState>
  );
}

function JobTable({ jobs, about }: { jobs: readonly JobEarning[]; about: About | undefined }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const { format } = useLocale();
  const [offset, setOffset] = useState(0);
  const columns: Column<JobEarning>[] = [
    {
      key: 'title',
      header: m.job,
      primary: true,
      cell: (row) => <Link to={`/offers/${row.job_id}/job`}>{row.title}</Link>,
    },
    { key: 'role', header: m.role, cell: (row) => (isFixed(row) ? <NotApplicable /> : s.role[row.role]) },
    {
      key: 'contribution',
      header: m.contribution,
      align: 'end',
      cell: (row) => {
        if (isFixed(row)) return <NotApplicable />;
        return row.contribution_share === null ? <Unknown /> : formatShare(row.contribution_share, format);
      },
    },
    { key: 'pay', header: m.pay, align: 'end', cell: (row) => <Amount wei={row.pay_wei} /> },
    {
      key: 'state',
      header: m.state,
      cell: (row) => <Badge tone={row.settled ? 'success' : 'info'}>{row.settled ? m.settled : m.preliminary}</Badge>,
    },
    {
      key: 'transaction',
      header: m.transaction,
      cell: (row) =>
        row.tx_hash ? <TransactionHash hash={row.tx_hash} explorerUrl={about?.explorer_url} /> : <Unknown />,
    },
  ];
  return (
    <>
      <DataTable
        label={m.jobs}
        columns={columns}
        rows={jobs.slice(offset, offset + PAGE_SIZE)}
        rowKey={(row) => row.job_id}
      />
      <Pagination offset={offset} total={jobs.length} onChange={setOffset} />
    </>
  );
}

/** Whether every owner gets the same for it, in whatever role. */
function isFixed({ pay_rule }: JobEarning): boolean {
  return pay_rule === 'per_answer';
}
