import { Link } from 'react-router';
import { ShareBars } from '@/charts/ShareBars';
import { type Column, DataTable } from '@/components/DataTable';
import { Card, Muted, Stack } from '@/components/layout';
import { Amount, Hash, Unknown } from '@/components/values';
import { formatCount, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { messages as shared } from '../messages';
import type { JobDetail, Participant } from './api';
import styles from './job.module.css';
import { messages } from './messages';

/** Who takes part, what each contributes where that is paid for, and what each is paid. */
export function Participants({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const isFixed = job.pay_rule === 'per_answer';
  if (job.participants.length === 0) {
    return (
      <Card title={m.people}>
        <Muted>
          {(isFixed ? m.peopleEmptyEqual : m.peopleEmpty)(job.live?.owners.length ?? 0, job.spec.min_owners)}
        </Muted>
      </Card>
    );
  }
  return (
    <>
      {!isFixed && (
        <Card title={m.contribution}>
          <Contributions job={job} />
        </Card>
      )}
      <Card title={m.people} actions={<Muted>{job.settlement ? m.final : m.preliminary}</Muted>} flush>
        <ParticipantTable job={job} />
      </Card>
      {job.pay && (
        <Card title={m.split} actions={<Muted>{job.settlement ? m.final : m.preliminary}</Muted>}>
          <Split job={job} />
        </Card>
      )}
    </>
  );
}

function Contributions({ job: { participants, unavailable } }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const measured = participants.filter((one): one is Participant & { share: number } => one.share !== null);
  if (measured.length === 0) return <Muted>{unavailable.length > 0 ? m.unknownContribution : m.noContribution}</Muted>;
  return (
    <Stack gap={3}>
      <Muted>{m.contributionsHelp}</Muted>
      <ShareBars
        bars={measured.map(({ address, share }) => ({
          key: address,
          label: <Hash value={address} />,
          share,
          value: formatShare(share, format),
        }))}
      />
    </Stack>
  );
}

function ParticipantTable({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const rowCount = (address: string) => job.live?.owners.find((owner) => owner.address === address)?.row_count;
  const out = (job.live?.owners ?? []).flatMap((owner) => (owner.out ? [{ ...owner, out: owner.out }] : []));
  const owner: Column<Participant>[] = [
    { key: 'owner', header: m.owner, primary: true, cell: (row) => <Hash value={row.address} /> },
  ];
  const role: Column<Participant>[] = [{ key: 'role', header: m.role, cell: (row) => m.roles[row.role] }];
  const rows: Column<Participant>[] = [
    {
      key: 'rows',
      header: m.rows,
      align: 'end',
      cell: (row) => {
        const count = rowCount(row.address);
        return typeof count === 'number' ? formatCount(count, format) : <Unknown />;
      },
    },
  ];
  const contribution: Column<Participant>[] = [
    {
      key: 'contribution',
      header: m.contribution,
      align: 'end',
      cell: (row) => (row.share === null ? <Unknown /> : formatShare(row.share, format)),
    },
  ];
  const pay: Column<Participant>[] = [
    { key: 'pay', header: m.pay, align: 'end', cell: (row) => <Amount wei={row.pay_wei} /> },
  ];
  const isFixed = job.pay_rule === 'per_answer';
  const columns = [...owner, ...(isFixed ? rows : [...role, ...rows, ...contribution]), ...pay];
  return (
    <>
      <DataTable label={m.people} columns={columns} rows={job.participants} rowKey={(row) => row.address} />
      {out.map((owner) => (
        <p key={owner.address} className={styles.note}>
          <Hash value={owner.address} /> {m.takesNoPart} <ServiceText>{owner.out}</ServiceText>
        </p>
      ))}
    </>
  );
}

function Split({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  if (job.pay === null) return null;
  const paidTo = (role: Participant['role']) =>
    job.participants.filter((one) => one.role === role).reduce((sum, one) => sum + BigInt(one.pay_wei ?? 0), 0n);
  const isFixed = job.pay_rule === 'per_answer';
  const owners = isFixed
    ? [{ key: 'owners', label: s.share.owners, wei: paidTo('trainer') + paidTo('validator') }]
    : [
        { key: 'trainers', label: s.share.trainers, wei: paidTo('trainer') },
        { key: 'validators', label: s.share.validators, wei: paidTo('validator') },
      ];
  const parts = [
    ...owners,
    { key: 'aggregator', label: s.share.aggregator, wei: BigInt(job.pay.aggregator_wei) },
    { key: 'refund', label: s.share.refund, wei: BigInt(job.pay.refund_wei) },
  ];
  const deposit = Number(job.deposit_wei);
  return (
    <div className={styles.split}>
      {isFixed && <Muted>{m.equalParts}</Muted>}
      <ShareBars
        bars={parts.map(({ key, label, wei }) => ({
          key,
          label,
          share: Number(wei) / deposit,
          value: <Amount wei={wei} />,
        }))}
      />
      {job.settlement && job.settlement.refunded_wei !== '0' && <Link to="/account">{m.toAccount}</Link>}
    </div>
  );
}
