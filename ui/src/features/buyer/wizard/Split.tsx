import { useDeferredValue, useId, useState } from 'react';
import { useWatch } from 'react-hook-form';
import { ShareBars } from '@/charts/ShareBars';
import { ErrorState, Loading } from '@/components/feedback';
import { Card, Muted, Stack } from '@/components/layout';
import { Amount } from '@/components/values';
import { formatEther, parseEther } from '@/format/amount';
import { formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages as shared } from '../messages';
import { type SplitPreview, type SplitQuestion, useSplitPreview } from './api';
import { messages } from './messages';
import { findProblems } from './problems';
import type { JobForm } from './useJobForm';
import { isFixedPrice, type JobValues, payOf } from './values';
import styles from './wizard.module.css';

const ASKED_FIELDS = ['deposit', 'trainerPercent', 'validatorPercent', 'aggregatorPercent', 'minOwners'];

/** Who would get how much of the deposit, for an improvement that the reader chooses or for a fixed price. */
export function Split({ form }: { form: JobForm }) {
  const m = useMessages(messages);
  const { locale } = useLocale();
  const [improvement, setImprovement] = useState(50);
  const settled = useDeferredValue(improvement);
  const values = useWatch({ control: form.control }) as JobValues;
  const isFixed = isFixedPrice(values.kind);
  const isComplete = !findProblems(values, locale).some(({ path }) => ASKED_FIELDS.includes(String(path[0])));
  const preview = useSplitPreview(isComplete ? questionOf(values, isFixed ? 100 : settled) : null);
  return (
    <Card title={m.preview}>
      <Stack>
        {isFixed ? <p>{m.equalParts}</p> : <Improvement value={improvement} onChange={setImprovement} />}
        {!isComplete && <Muted>{isFixed ? m.previewInvalidPrice : m.previewInvalid}</Muted>}
        {isComplete && preview.isError && <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />}
        {isComplete && preview.isPending && <Loading lines={2} />}
        {isComplete && preview.data && (
          <Parts preview={preview.data} deposit={parseEther(values.deposit) ?? 1n} isFixed={isFixed} />
        )}
      </Stack>
    </Card>
  );
}

function Improvement({ value, onChange }: { value: number; onChange: (percent: number) => void }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const id = useId();
  return (
    <div className={styles.slider}>
      <label htmlFor={id}>{m.previewIf}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={100}
        step={1}
        value={value}
        aria-valuetext={formatPercent(value, format)}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <output htmlFor={id}>{formatPercent(value, format)}</output>
    </div>
  );
}

interface PartsProps {
  preview: SplitPreview;
  deposit: bigint;
  isFixed: boolean;
}

function Parts({ preview, deposit, isFixed }: PartsProps) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const { format } = useLocale();
  const each = (count: number, wei: string) => m.previewEach(count, formatEther(BigInt(wei), format));
  const { trainers, validators } = preview;
  const trainersWei = BigInt(preview.trainer_pool_wei);
  const validatorsWei = BigInt(preview.validator_each_wei) * BigInt(validators);
  const owners = isFixed
    ? [
        {
          name: s.share.owners,
          wei: trainersWei + validatorsWei,
          note: each(trainers + validators, preview.trainer_each_wei),
        },
      ]
    : [
        { name: s.share.trainers, wei: trainersWei, note: each(trainers, preview.trainer_each_wei) },
        { name: s.share.validators, wei: validatorsWei, note: each(validators, preview.validator_each_wei) },
      ];
  const parts = [
    ...owners,
    { name: s.share.aggregator, wei: BigInt(preview.aggregator_wei), note: '' },
    { name: s.share.refund, wei: BigInt(preview.refund_wei), note: '' },
  ];
  return (
    <Stack gap={3}>
      <ShareBars
        bars={parts.map(({ name, wei, note }) => ({
          key: name,
          label: (
            <>
              {name} {note && <small className={styles.note}>{note}</small>}
            </>
          ),
          share: Number((wei * 10_000n) / deposit) / 10_000,
          value: <Amount wei={wei} />,
        }))}
      />
      {!isFixed && <Muted>{m.previewNote}</Muted>}
    </Stack>
  );
}

function questionOf(values: JobValues, improvementPercent: number): SplitQuestion {
  return {
    depositWei: parseEther(values.deposit) ?? 0n,
    owners: Number(values.minOwners),
    kind: values.kind,
    improvementPercent,
    pay: payOf(values),
  };
}
