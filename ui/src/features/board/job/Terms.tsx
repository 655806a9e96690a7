import { Card, Facts, Muted, Stack } from '@/components/layout';
import { Time } from '@/components/values';
import { formatBasisPoints, formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useTerms } from '@/kinds/registry';
import styles from '../board.module.css';
import type { JobDetail } from './api';
import { messages } from './messages';

/** What the job asks of data owners, and what it pays by which rule. */
export function Terms({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const { spec } = job;
  const terms = useTerms(spec.computation);
  const { trainer_bps, validator_bps, aggregator_bps } = spec.pay;
  const isFixed = job.pay_rule === 'per_answer';
  const share = (label: string, bps: number) => ({ label, value: formatBasisPoints(bps, format) });
  const owners = isFixed
    ? [share(m.ownersPay, trainer_bps + validator_bps)]
    : [share(m.trainersPay, trainer_bps), share(m.validatorsPay, validator_bps)];
  return (
    <Card title={m.terms}>
      <Stack>
        {spec.description && <p className={styles.description}>{spec.description}</p>}
        {terms && <Muted>{terms.summary}</Muted>}
        <Facts
          items={[
            { label: m.startBy, value: <Time at={job.start_by} /> },
            { label: m.finishBy, value: <Time at={job.finish_by} /> },
            { label: m.minRows, value: formatCount(spec.min_rows, format) },
            ...(terms?.settings ?? []),
            ...owners,
            share(m.aggregatorPay, aggregator_bps),
          ]}
        />
        <Muted>{isFixed ? m.payRuleFixed : m.payRule}</Muted>
      </Stack>
    </Card>
  );
}
