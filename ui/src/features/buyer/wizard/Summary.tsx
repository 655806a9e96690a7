import type { ReactNode } from 'react';
import { Facts, Muted, Row, Stack } from '@/components/layout';
import { Button } from '@/components/Button';
import { Amount, Time } from '@/components/values';
import { formatBasisPoints, formatCount, formatNumber, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages as shared } from '../messages';
import type { JobSpec } from '../schemas';
import type { CheckedJob } from './api';
import { messages } from './messages';
import type { Step } from './values';
import styles from './wizard.module.css';

interface SummaryProps {
  checked: CheckedJob;
  onChange: (step: Step) => void;
}

/** The terms of a job as owners will see them, step by step, with what the service filled in. */
export function Summary({ checked, onChange }: SummaryProps) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const { format } = useLocale();
  const { spec, funds } = checked;
  const count = (value: number) => formatCount(value, format);
  if (spec === null) return null;
  return (
    <Stack gap={5}>
      <Part step="learn" onChange={onChange}>
        <p>
          <strong>{spec.title}</strong>
        </p>
        <p>{m.learnSummary(spec.features.length, spec.target.name)}</p>
        <p className={styles.names}>{spec.features.map(({ name }) => name).join(', ')}</p>
      </Part>
      <Part step="training" onChange={onChange}>
        <Facts
          items={[
            { label: m.rounds, value: count(spec.rounds) },
            { label: m.evaluateEvery, value: count(spec.evaluate_every) },
            { label: m.localSteps, value: count(spec.local_steps) },
            { label: m.learningRate, value: formatNumber(spec.learning_rate, format) },
            { label: m.scaling, value: s.scalings[spec.scaling] },
            { label: m.averaging, value: s.averagings[spec.averaging] },
            { label: m.stopsEarly, value: stopOf(spec, format, m) },
            { label: m.keyBits, value: m.keyBitsOf(checked.key_bits ?? 0) },
          ]}
        />
      </Part>
      <Part step="owners" onChange={onChange}>
        <Facts
          items={[
            { label: m.minOwners, value: count(spec.min_owners) },
            { label: m.minRows, value: count(spec.min_rows) },
            { label: m.roundTimeout, value: `${count(spec.task_timeout_s)} ${m.secondsUnit}` },
            { label: m.startBy, value: <Time at={spec.start_by} /> },
            { label: m.finishBy, value: <Time at={spec.finish_by} /> },
          ]}
        />
      </Part>
      <Part step="money" onChange={onChange}>
        <Facts
          items={[
            { label: m.deposit, value: <Amount wei={spec.deposit_wei} /> },
            { label: m.fees, value: <Amount wei={funds?.posting_fee_wei} /> },
            { label: m.balance, value: <Amount wei={funds?.balance_wei} /> },
            { label: s.share.trainers, value: formatBasisPoints(spec.pay.trainer_bps, format) },
            { label: s.share.validators, value: formatBasisPoints(spec.pay.validator_bps, format) },
            { label: s.share.aggregator, value: formatBasisPoints(spec.pay.aggregator_bps, format) },
          ]}
        />
      </Part>
    </Stack>
  );
}

function stopOf({ early_stop: stop }: JobSpec, format: string, m: (typeof messages)['en']): string {
  if (stop === null) return m.stopsNever;
  return m.stopsWhen(formatShare(stop.minimum_improvement, format), stop.patience);
}

function Part({ step, onChange, children }: { step: Step; onChange: (step: Step) => void; children: ReactNode }) {
  const m = useMessages(messages);
  return (
    <section aria-label={m.steps[step]}>
      <Row justify="between">
        <Muted>{m.steps[step]}</Muted>
        <Button
          variant="ghost"
          size="small"
          onPress={() => onChange(step)}
          aria-label={`${m.change}: ${m.steps[step]}`}
        >
          {m.change}
        </Button>
      </Row>
      {children}
    </section>
  );
}
