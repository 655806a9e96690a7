import { type Column, DataTable } from '@/components/DataTable';
import { Badge } from '@/components/feedback';
import { Card, Muted } from '@/components/layout';
import { Hash } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import styles from '../board.module.css';
import { ENDED } from '../schemas';
import type { JobDetail, Owner } from './api';
import { messages } from './messages';

/** Who takes part, in which role and with how many rows. */
export function Owners({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const role: Column<Owner> = { key: 'role', header: m.role, cell: (row) => <Role role={row.role} /> };
  if (job.owners_list.length === 0) {
    return (
      <Card title={m.people}>
        <Muted>{ENDED.includes(job.state) ? m.peopleNever : m.peopleEmpty}</Muted>
      </Card>
    );
  }
  return (
    <Card title={m.people} flush>
      <DataTable<Owner>
        label={m.people}
        columns={[
          { key: 'owner', header: m.owner, primary: true, cell: (row) => <Hash value={row.address} /> },
          ...(job.pay_rule === 'per_answer' ? [] : [role]),
          { key: 'rows', header: m.rows, align: 'end', cell: (row) => formatCount(row.row_count, format) },
        ]}
        rows={job.owners_list}
        rowKey={(row) => row.address}
      />
      <p className={styles.note}>{m.rowsTogether(formatCount(job.row_count, format))}</p>
      {job.owners_list.map(
        (row) =>
          row.out && (
            <p key={row.address} className={styles.note}>
              <Hash value={row.address} /> {m.takesNoPart} <ServiceText>{row.out}</ServiceText>
            </p>
          ),
      )}
    </Card>
  );
}

function Role({ role }: { role: string | null }) {
  const m = useMessages(messages);
  if (role === null) return <Muted>{m.notDrawn}</Muted>;
  const name = role in m.roles ? m.roles[role as keyof typeof m.roles] : role;
  return <Badge tone={role === 'trainer' ? 'accent' : 'info'}>{name}</Badge>;
}
