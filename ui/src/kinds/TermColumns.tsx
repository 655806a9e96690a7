import { useState } from 'react';
import type { Computation } from '@/api/schemas';
import { type Column, DataTable } from '@/components/DataTable';
import { Card, Muted, Stack } from '@/components/layout';
import { Pagination } from '@/components/lists';
import { useMessages } from '@/i18n/messages';
import { JsonView } from './JsonView';
import styles from './kinds.module.css';
import type { TermColumn, Terms } from './kind';
import { messages } from './messages';
import { useTerms } from './registry';

const PAGE = 12;

/** What a job reads of a data set; of a kind without a folder all that was posted. */
export function TermsCard({ computation }: { computation: Computation }) {
  const m = useMessages(messages);
  const terms = useTerms(computation);
  if (terms === null) {
    return (
      <Card title={m.settings}>
        <Settings computation={computation} />
      </Card>
    );
  }
  return (
    <Card title={terms.columnsTitle} flush>
      <TermColumns terms={terms} label={terms.columnsTitle} />
    </Card>
  );
}

/** The settings of a kind without a folder, as they were posted. */
export function Settings({ computation }: { computation: Computation }) {
  const m = useMessages(messages);
  const { kind, ...settings } = computation;
  return (
    <Stack gap={3}>
      <Muted>{m.settingsHelp}</Muted>
      <JsonView value={{ kind, ...settings }} />
    </Stack>
  );
}

/** The columns that a data set must have, a page at a time. */
export function TermColumns({ terms, label }: { terms: Terms; label: string }) {
  const m = useMessages(messages);
  const [offset, setOffset] = useState(0);
  const columns: Column<TermColumn>[] = [
    { key: 'name', header: m.column, primary: true, cell: (row) => row.name },
    { key: 'use', header: m.use, cell: (row) => <span className={styles.use}>{row.use}</span> },
    { key: 'values', header: m.values, align: 'end', cell: (row) => row.values },
  ];
  return (
    <>
      <DataTable
        label={label}
        columns={columns}
        rows={terms.columns.slice(offset, offset + PAGE)}
        rowKey={(row) => row.name}
      />
      <Pagination offset={offset} total={terms.columns.length} pageSize={PAGE} onChange={setOffset} />
    </>
  );
}
