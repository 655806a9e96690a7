import { Card, Facts, Muted, Stack } from '@/components/layout';
import { Time, Unknown } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages as common } from '@/kinds/messages';
import { useKindWords, useTerms } from '@/kinds/registry';
import { WIZARDS } from '@/kinds/wizards';
import type { JobDetail } from './api';
import styles from './job.module.css';
import { messages } from './messages';

/** What was asked for: the terms that owners signed. */
export function Request({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const k = useMessages(common);
  const { format } = useLocale();
  const { spec } = job;
  const { name } = useKindWords(job.kind);
  const terms = useTerms(spec.computation);
  return (
    <Card title={m.request}>
      <Stack>
        {spec.description && <p className={styles.description}>{spec.description}</p>}
        {terms && <Muted>{terms.summary}</Muted>}
        {!WIZARDS.has(job.kind) && <Muted>{k.byCommand(name)}</Muted>}
        <Facts
          items={[
            { label: k.kind, value: name },
            { label: m.number, value: job.job_id === null ? <Unknown /> : String(job.job_id) },
            { label: m.posted, value: <Time at={job.created_at} /> },
            { label: m.startBy, value: <Time at={spec.start_by} /> },
            { label: m.finishBy, value: <Time at={spec.finish_by} /> },
            {
              label: job.pay_rule === 'per_answer' ? m.owners : m.minOwners,
              value: formatCount(spec.min_owners, format),
            },
            { label: m.minRows, value: formatCount(spec.min_rows, format) },
            ...(terms?.settings ?? []),
            { label: m.keyBits, value: m.bits(job.key_bits) },
          ]}
        />
      </Stack>
    </Card>
  );
}
