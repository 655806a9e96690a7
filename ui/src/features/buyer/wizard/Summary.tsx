import type { ReactNode } from 'react';
import type { PayTerms } from '@/api/schemas';
import { Facts, Muted, Row, Stack } from '@/components/layout';
import { Button } from '@/components/Button';
import { Amount, Time } from '@/components/values';
import { formatBasisPoints, formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { Learns } from '@/kinds/Learns';
import { messages as common } from '@/kinds/messages';
import { useTerms } from '@/kinds/registry';
import { TermColumns } from '@/kinds/TermColumns';
import { messages as shared } from '../messages';
import type { CheckedJob } from './api';
import { messages } from './messages';
import { useStepNames } from './stepNames';
import { wizardOf } from './values';
import styles from './wizard.module.css';

type Spec = NonNullable<CheckedJob['spec']>;

interface SummaryProps {
  checked: CheckedJob;
  onChange: (step: string) => void;
}

/** The terms of a job as owners will see them, step by step, with what the service filled in, and what will be learnt. */
export function Summary({ checked, onChange }: SummaryProps) {
  const k = useMessages(common);
  const { spec } = checked;
  if (spec === null) return null;
  return (
    <Stack gap={5}>
      <KindParts spec={spec} onChange={onChange} />
      <Owners checked={checked} spec={spec} onChange={onChange} />
      <Money checked={checked} spec={spec} onChange={onChange} />
      <section aria-label={k.learns}>
        <Stack gap={3}>
          <Muted>{k.learns}</Muted>
          <Learns kind={spec.computation.kind} learns={checked.learns} />
        </Stack>
      </section>
    </Stack>
  );
}

/** What is asked for at the steps of the kind: the columns at its first one, the settings at its last. */
function KindParts({ spec, onChange }: { spec: Spec; onChange: (step: string) => void }) {
  const { kind } = spec.computation;
  const terms = useTerms(spec.computation);
  const { steps } = wizardOf(kind);
  return steps.map(({ key }, index) => (
    <Part key={key} kind={kind} step={key} onChange={onChange}>
      {index === 0 && (
        <>
          <p>
            <strong>{spec.title}</strong>
          </p>
          <p>{terms?.summary}</p>
          {terms && (
            <div className={styles.bleed}>
              <TermColumns terms={terms} label={terms.columnsTitle} />
            </div>
          )}
        </>
      )}
      {index === steps.length - 1 && terms && <Facts items={terms.settings} />}
    </Part>
  ));
}

interface MarketPartProps extends SummaryProps {
  spec: Spec;
}

function Owners({ checked, spec, onChange }: MarketPartProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const { kind } = spec.computation;
  const count = (value: number) => formatCount(value, format);
  return (
    <Part kind={kind} step="owners" onChange={onChange}>
      <Facts
        items={[
          {
            label: wizardOf(kind).owners.exact ? m.fixedPriceFields.minOwners : m.minOwners,
            value: count(spec.min_owners),
          },
          { label: m.minRows, value: count(spec.min_rows) },
          { label: m.roundTimeout, value: `${count(spec.task_timeout_s)} ${m.secondsUnit}` },
          { label: m.startBy, value: <Time at={spec.start_by} /> },
          { label: m.finishBy, value: <Time at={spec.finish_by} /> },
          { label: m.keyBits, value: m.keyBitsOf(checked.key_bits ?? 0) },
        ]}
      />
    </Part>
  );
}

function Money({ checked, spec, onChange }: MarketPartProps) {
  const m = useMessages(messages);
  const { funds } = checked;
  const isFixed = checked.pay_rule === 'per_answer';
  const shares = useShares(spec.pay, isFixed);
  return (
    <Part kind={spec.computation.kind} step="money" onChange={onChange}>
      <Facts
        items={[
          { label: isFixed ? m.fixedPriceFields.deposit : m.deposit, value: <Amount wei={spec.deposit_wei} /> },
          { label: m.fees, value: <Amount wei={funds?.posting_fee_wei} /> },
          { label: m.balance, value: <Amount wei={funds?.balance_wei} /> },
          ...shares,
        ]}
      />
    </Part>
  );
}

function useShares({ trainer_bps, validator_bps, aggregator_bps }: PayTerms, isFixed: boolean) {
  const s = useMessages(shared);
  const { format } = useLocale();
  const fact = (label: string, bps: number) => ({ label, value: formatBasisPoints(bps, format) });
  const owners = isFixed
    ? [fact(s.share.ownersEqually, trainer_bps + validator_bps)]
    : [fact(s.share.trainers, trainer_bps), fact(s.share.validators, validator_bps)];
  return [...owners, fact(s.share.aggregator, aggregator_bps)];
}

interface PartProps {
  kind: string;
  step: string;
  onChange: (step: string) => void;
  children: ReactNode;
}

function Part({ kind, step, onChange, children }: PartProps) {
  const m = useMessages(messages);
  const name = useStepNames(kind)(step);
  return (
    <section aria-label={name}>
      <Row justify="between">
        <Muted>{name}</Muted>
        <Button variant="ghost" size="small" onPress={() => onChange(step)} aria-label={`${m.change}: ${name}`}>
          {m.change}
        </Button>
      </Row>
      {children}
    </section>
  );
}
