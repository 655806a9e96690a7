import { useState } from 'react';
import { type Column, DataTable } from '@/components/DataTable';
import { Card, Facts, Row, Stack } from '@/components/layout';
import { Pagination } from '@/components/lists';
import { Time, TransactionHash, Unknown, Value } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useExplorerUrl } from '../overview/api';
import { type JobState, STATES } from '../schemas';
import type { Checkpoint, JobDetail } from './api';
import { messages } from './messages';

const PAGE = 6;

/** The transaction that a job enters a state with. */
const TRANSACTION_OF: Partial<Record<JobState, string>> = {
  running: 'start',
  settling: 'delivery',
  finished: 'finalize',
  cancelled: 'cancel',
  expired: 'expire',
};

/** When the job reached which state, and what the chain has on record of it. */
export function Records({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const explorerUrl = useExplorerUrl();
  const reached = STATES.filter((state) => job.entered[state] !== undefined);
  return (
    <Card title={m.records}>
      <Stack>
        <Facts
          rows
          items={reached.map((state) => {
            const hash = job.transactions[TRANSACTION_OF[state] ?? ''];
            return {
              label: m.reached[state],
              value: (
                <Row>
                  <Time at={job.entered[state]} />
                  {hash && <TransactionHash hash={hash} explorerUrl={explorerUrl} />}
                </Row>
              ),
            };
          })}
        />
        {job.checkpoints.length > 0 && <Checkpoints job={job} explorerUrl={explorerUrl} />}
      </Stack>
    </Card>
  );
}

function Checkpoints(props: { job: JobDetail; explorerUrl: string | null | undefined }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [offset, setOffset] = useState(0);
  const newestFirst = props.job.checkpoints.toReversed();
  const mse: Column<Checkpoint> = {
    key: 'mse',
    header: m.mseShort,
    align: 'end',
    cell: (row) => <Value of={row.mse} />,
  };
  return (
    <section aria-label={m.checkpoints}>
      <DataTable<Checkpoint>
        label={m.checkpoints}
        columns={[
          { key: 'round', header: m.round, primary: true, cell: (row) => formatCount(row.round, format) },
          ...(props.job.checkpoints.some((row) => row.mse !== null) ? [mse] : []),
          {
            key: 'transaction',
            header: m.transaction,
            align: 'end',
            cell: (row) =>
              row.tx_hash === null ? (
                <Unknown />
              ) : (
                <TransactionHash hash={row.tx_hash} explorerUrl={props.explorerUrl} />
              ),
          },
        ]}
        rows={newestFirst.slice(offset, offset + PAGE)}
        rowKey={(row) => row.index}
      />
      <Pagination offset={offset} total={newestFirst.length} pageSize={PAGE} onChange={setOffset} />
    </section>
  );
}
