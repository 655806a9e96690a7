import { useState } from 'react';
import { type Column, DataTable } from '@/components/DataTable';
import { Callout, ErrorState } from '@/components/feedback';
import { SelectField } from '@/components/fields';
import { Card, Facts, Muted, Stack, Stat, Stats } from '@/components/layout';
import { Amount, Unknown, Value } from '@/components/values';
import { formatBasisPoints, formatCount, formatNumber, formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useSplitPreview } from '../api/offers';
import { messages } from './messages';
import styles from './offers.module.css';
import type { Offer } from '../api/schemas';

const IMPROVEMENTS = [25, 50, 75, 100];

type Required = Offer['target'] & { isTarget: boolean };

/** Columns, ranges and rows that a dataset must have, and how it will be trained on. */
export function Requirements({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const rows: Required[] = [
    { ...offer.target, isTarget: true },
    ...offer.features.map((feature) => ({ ...feature, isTarget: false })),
  ];
  const columns: Column<Required>[] = [
    { key: 'name', header: m.column, primary: true, cell: (row) => row.name },
    { key: 'role', header: m.role, cell: (row) => (row.isTarget ? m.target : m.feature) },
    {
      key: 'range',
      header: m.range,
      align: 'end',
      cell: (row) => m.to(formatNumber(row.minimum, format), formatNumber(row.maximum, format)),
    },
    { key: 'unit', header: m.unit, cell: (row) => row.unit || <Unknown /> },
  ];
  return (
    <Card title={m.asksTitle} flush>
      <div className={styles.facts}>
        <Facts
          items={[
            { label: m.minRows, value: m.minRowsValue(offer.min_rows) },
            { label: m.rounds, value: formatCount(offer.rounds, format) },
            { label: m.localSteps, value: formatCount(offer.local_steps, format) },
            { label: m.learningRate, value: <Value of={offer.learning_rate} /> },
            { label: m.evaluateEvery, value: m.evaluateEveryValue(offer.evaluate_every) },
          ]}
        />
      </div>
      <DataTable label={m.asksTitle} columns={columns} rows={rows} rowKey={(row) => row.name} />
    </Card>
  );
}

/** The rule by which the deposit is split, and what that comes to. */
export function Pay({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [improvement, setImprovement] = useState(50);
  const { trainer_bps, validator_bps, aggregator_bps } = offer.pay;
  const preview = useSplitPreview({
    deposit_wei: offer.deposit_wei,
    owners: Math.max(offer.min_owners, offer.owners_accepted, 2),
    improvement_percent: improvement,
    ...offer.pay,
  });
  const [trainers, validators, aggregator] = [trainer_bps, validator_bps, aggregator_bps].map((bps) =>
    formatBasisPoints(bps, format),
  );
  return (
    <Card title={m.payTitle}>
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
        {preview.data && (
          <>
            <Stats>
              <Stat label={m.trainerEach}>
                <Amount wei={preview.data.trainer_each_wei} />
              </Stat>
              <Stat label={m.validatorEach}>
                <Amount wei={preview.data.validator_each_wei} />
              </Stat>
              <Stat label={m.refund}>
                <Amount wei={preview.data.refund_wei} />
              </Stat>
            </Stats>
            <Muted>{m.payAssumption(preview.data.trainers, preview.data.validators)}</Muted>
          </>
        )}
      </Stack>
    </Card>
  );
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

/** Up to so many owners draw a single validator. */
const OWNERS_OF_ONE_VALIDATOR = 3;

/** Who learns what from an owner's data. */
export function Learners({ offer }: { offer: Offer }) {
  const m = useMessages(messages);
  return (
    <Stack>
      <Facts
        rows
        items={[
          { label: m.learnBuyer, value: m.learnBuyerText },
          { label: m.learnAggregator, value: m.learnAggregatorText },
          { label: m.learnOwners, value: m.learnOwnersText },
          { label: m.learnPublic, value: m.learnPublicText },
        ]}
      />
      {offer.min_owners <= OWNERS_OF_ONE_VALIDATOR && <Callout tone="warning">{m.learnFew(offer.min_owners)}</Callout>}
      <Muted>{m.learnLimits}</Muted>
    </Stack>
  );
}
