import { useState } from 'react';
import type { Feature } from '@/api/schemas';
import { DataTable } from '@/components/DataTable';
import { Card, Facts, Muted, Stack } from '@/components/layout';
import { Pagination } from '@/components/lists';
import { Time } from '@/components/values';
import { formatBasisPoints, formatCount, formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import styles from '../board.module.css';
import type { JobDetail } from './api';
import { messages } from './messages';

const PAGE = 12;

/** What the job asks of data owners, and what it pays by which rule. */
export function Terms({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  return (
    <Card title={m.terms}>
      <Stack>
        {job.description && <p className={styles.description}>{job.description}</p>}
        <Facts
          items={[
            { label: m.startBy, value: <Time at={job.start_by} /> },
            { label: m.finishBy, value: <Time at={job.finish_by} /> },
            { label: m.minRows, value: formatCount(job.min_rows, format) },
            { label: m.learningRate, value: formatNumber(job.learning_rate, format) },
            { label: m.localSteps, value: formatCount(job.local_steps, format) },
            { label: m.evaluateEvery, value: m.roundCount(job.evaluate_every) },
            { label: m.scaling, value: m.scalings[job.scaling] },
            { label: m.averaging, value: m.averagings[job.averaging] },
            { label: m.trainersPay, value: formatBasisPoints(job.pay.trainer_bps, format) },
            { label: m.validatorsPay, value: formatBasisPoints(job.pay.validator_bps, format) },
            { label: m.aggregatorPay, value: formatBasisPoints(job.pay.aggregator_bps, format) },
          ]}
        />
        <Muted>{m.payRule}</Muted>
      </Stack>
    </Card>
  );
}

/** The columns that a dataset must have, with their ranges. */
export function Columns({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [offset, setOffset] = useState(0);
  const rows = [job.target_range, ...job.feature_ranges];
  return (
    <Card title={m.columns(job.feature_count)} flush>
      <DataTable<Feature>
        label={m.columns(job.feature_count)}
        columns={[
          {
            key: 'name',
            header: m.column,
            primary: true,
            cell: (row) => (
              <span>
                {row.name} {row === job.target_range && <Muted>({m.target})</Muted>}
              </span>
            ),
          },
          {
            key: 'range',
            header: m.range,
            align: 'end',
            cell: ({ minimum, maximum, unit }) =>
              `${m.rangeOf(formatNumber(minimum, format), formatNumber(maximum, format))} ${unit}`,
          },
        ]}
        rows={rows.slice(offset, offset + PAGE)}
        rowKey={(row) => row.name}
      />
      <Pagination offset={offset} total={rows.length} pageSize={PAGE} onChange={setOffset} />
    </Card>
  );
}
