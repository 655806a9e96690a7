import { useState } from 'react';
import { useAbout } from '@/api/about';
import { type Column, DataTable } from '@/components/DataTable';
import { Badge, QueryView } from '@/components/feedback';
import { Card, Muted } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { Amount, Time, TransactionHash, Unknown } from '@/components/values';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { useWithdrawals, type Withdrawal } from './api';
import { messages } from './messages';
import styles from './money.module.css';

/** All withdrawals, newest first. */
export function Withdrawals() {
  const m = useMessages(messages);
  const withdrawals = useWithdrawals();
  const empty = (
    <p className={styles.empty}>
      <Muted>{m.noHistory}</Muted>
    </p>
  );
  return (
    <Card title={m.history} flush>
      <QueryView query={withdrawals} isEmpty={(data) => data.withdrawals.length === 0} empty={empty}>
        {(data) => <WithdrawalTable withdrawals={data.withdrawals} />}
      </QueryView>
    </Card>
  );
}

function WithdrawalTable({ withdrawals }: { withdrawals: readonly Withdrawal[] }) {
  const m = useMessages(messages);
  const about = useAbout();
  const [offset, setOffset] = useState(0);
  const columns: Column<Withdrawal>[] = [
    { key: 'requested', header: m.requested, primary: true, cell: (row) => <Time at={row.requested_at} /> },
    { key: 'amount', header: m.amount, align: 'end', cell: (row) => <Amount wei={row.amount_wei} /> },
    { key: 'state', header: m.state, cell: (row) => <State withdrawal={row} /> },
    {
      key: 'transaction',
      header: m.transaction,
      cell: (row) =>
        row.tx_hash ? <TransactionHash hash={row.tx_hash} explorerUrl={about.data?.explorer_url} /> : <Unknown />,
    },
  ];
  return (
    <>
      <DataTable
        label={m.history}
        columns={columns}
        rows={withdrawals.slice(offset, offset + PAGE_SIZE)}
        rowKey={(row) => row.id}
      />
      <Pagination offset={offset} total={withdrawals.length} onChange={setOffset} />
    </>
  );
}

function State({ withdrawal: { state, reason } }: { withdrawal: Withdrawal }) {
  const m = useMessages(messages);
  return (
    <>
      <Badge tone={state === 'mined' ? 'success' : state === 'failed' ? 'danger' : 'info'}>{m.states[state]}</Badge>
      {state === 'failed' && reason && (
        <p>
          <ServiceText>{reason}</ServiceText>
        </p>
      )}
    </>
  );
}
