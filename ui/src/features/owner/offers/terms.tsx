import { useState } from 'react';
import { ErrorState } from '@/components/feedback';
import { SelectField } from '@/components/fields';
import { Card, Facts, Muted, Stack, Stat, Stats } from '@/components/layout';
import { Amount } from '@/components/values';
import { formatBasisPoints, formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { Learns } from '@/kinds/Learns';
import { ownerPartOf } from '@/kinds/owners';
import { useTerms } from '@/kinds/registry';
import { Settings, TermColumns } from '@/kinds/TermColumns';
import { type SplitPreview, useSplitPreview } from '../api/offers';
import type { Offer } from '../api/schemas';
import { messages } from './messages';
import styles from './offers.module.css';

const IMPROVEMENTS = [25, 50, 75, 100];

/** Columns, ranges and rows that a dataset must have, and what is done with them. */
export function Requirements({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const terms = useTerms(offer.spec.computation);
  const minRows = { label: m.minRows, value: m.minRowsValue(offer.min_rows) };
  return (
    <Card title={m.asksTitle} flush>
      <div className={styles.facts}>
        <Stack gap={3}>
          <Facts items={[minRows, ...(terms?.settings ?? [])]} />
          {terms === null && <Settings computation={offer.spec.computation} />}
        </Stack>
      </div>
      {terms && <TermColumns terms={terms} label={m.asksTitle} />}
    </Card>
  );
}

/** The rule by which the deposit is split, and what that comes to. */
export function Pay({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  return (
    <Card title={m.payTitle}>
      {offer.pay_rule === 'per_answer' ? <FixedPrice offer={offer} /> : <PayByImprovement offer={offer} />}
    </Card>
  );
}

function FixedPrice({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const preview = usePreview(offer, 100);
  const { trainer_bps, validator_bps, aggregator_bps } = offer.spec.pay;
  return (
    <Stack>
      <p>
        {m.payRuleFixed(
          formatBasisPoints(trainer_bps + validator_bps, format),
          formatBasisPoints(aggregator_bps, format),
        )}
      </p>
      {preview.isError && <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.data && (
        <Stats>
          <Stat label={m.ownerEach}>
            <Amount wei={preview.data.trainer_each_wei} />
          </Stat>
          <Stat label={m.aggregator}>
            <Amount wei={preview.data.aggregator_wei} />
          </Stat>
        </Stats>
      )}
    </Stack>
  );
}

function PayByImprovement({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [improvement, setImprovement] = useState(50);
  const preview = usePreview(offer, improvement);
  const { trainer_bps, validator_bps, aggregator_bps } = offer.spec.pay;
  const [trainers, validators, aggregator] = [trainer_bps, validator_bps, aggregator_bps].map((bps) =>
    formatBasisPoints(bps, format),
  );
  return (
    <Stack>
      <p>{m.payRule(trainers ?? '', validators ?? '', aggregator ?? '')}</p>
      <div className={styles.improvement}>
        <SelectField
          label={m.payExample}
          value={String(improvement)}
          onChange={(value) => setImprovement(Number(value))}
          options={IMPROVEMENTS.map((percent) => ({ value: String(percent), label: formatPercent(percent, format) }))}
        />
      </div>
      {preview.isError && <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.data && <Parts preview={preview.data} />}
    </Stack>
  );
}

function Parts({ preview }: { preview: SplitPreview }) {
  const m = useMessages(messages);
  return (
    <>
      <Stats>
        <Stat label={m.trainerEach}>
          <Amount wei={preview.trainer_each_wei} />
        </Stat>
        <Stat label={m.validatorEach}>
          <Amount wei={preview.validator_each_wei} />
        </Stat>
        <Stat label={m.refund}>
          <Amount wei={preview.refund_wei} />
        </Stat>
      </Stats>
      <Muted>{m.payAssumption(preview.trainers, preview.validators)}</Muted>
    </>
  );
}

function usePreview(offer: Offer, improvementPercent: number) {
  return useSplitPreview({
    deposit_wei: offer.deposit_wei,
    owners: Math.max(offer.min_owners, offer.owners_accepted, 2),
    kind: offer.kind,
    improvement_percent: improvementPercent,
    ...offer.spec.pay,
  });
}

/** Who learns what from an owner's data, as a part of the page. */
export function Learning({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  return (
    <Card title={m.learnTitle}>
      <Learners offer={offer} />
    </Card>
  );
}

/** Who learns what from an owner's data. */
export function Learners({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const Note = ownerPartOf(offer.kind)?.Note;
  return (
    <Stack>
      <Learns kind={offer.kind} learns={offer.learns} />
      <Muted>{m.learnLimits}</Muted>
      {Note && <Note minOwners={offer.min_owners} />}
    </Stack>
  );
}
