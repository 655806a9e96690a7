import type { Feature } from '@/api/schemas';
import { Card, Facts, Muted, Stack } from '@/components/layout';
import { Time, Unknown } from '@/components/values';
import { formatCount, formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages as shared } from '../messages';
import type { JobDetail } from './api';
import styles from './job.module.css';
import { messages } from './messages';

/** What was asked for: the terms that owners signed. */
export function Request({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const { format } = useLocale();
  const { spec } = job;
  return (
    <Card title={m.request}>
      <Stack>
        {spec.description && <p className={styles.description}>{spec.description}</p>}
        <section>
          <Muted>{m.target}</Muted>
          <FeatureList label={m.target} features={[spec.target]} />
        </section>
        <section>
          <Muted>
            {m.features} ({formatCount(spec.features.length, format)})
          </Muted>
          <FeatureList label={m.features} features={spec.features} />
        </section>
        <Facts
          items={[
            { label: m.number, value: job.job_id === null ? <Unknown /> : String(job.job_id) },
            { label: m.posted, value: <Time at={job.created_at} /> },
            { label: m.startBy, value: <Time at={spec.start_by} /> },
            { label: m.finishBy, value: <Time at={spec.finish_by} /> },
            { label: m.minOwners, value: formatCount(spec.min_owners, format) },
            { label: m.minRows, value: formatCount(spec.min_rows, format) },
            { label: m.learningRate, value: formatNumber(spec.learning_rate, format) },
            { label: m.localSteps, value: formatCount(spec.local_steps, format) },
            { label: m.evaluateEvery, value: m.rounds(spec.evaluate_every) },
            { label: m.scaling, value: s.scalings[spec.scaling] },
            { label: m.averaging, value: s.averagings[spec.averaging] },
            { label: m.keyBits, value: m.bits(job.key_bits) },
          ]}
        />
      </Stack>
    </Card>
  );
}

function FeatureList({ label, features }: { label: string; features: readonly Feature[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  return (
    <ul className={styles.features} aria-label={label} tabIndex={features.length > 10 ? 0 : undefined}>
      {features.map((one) => (
        <li key={one.name}>
          <span>{one.name}</span>
          <Muted>
            {m.rangeOf(formatNumber(one.minimum, format, 4), formatNumber(one.maximum, format, 4))} {one.unit}
          </Muted>
        </li>
      ))}
    </ul>
  );
}
