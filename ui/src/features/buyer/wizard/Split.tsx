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
import { basisPoints, type JobValues } from './values';
import styles from './wizard.module.css';

const ASKED_FIELDS = ['deposit', 'trainerPercent', 'validatorPercent', 'aggregatorPercent', 'minOwners'];

/** Who would get how much of the deposit, for an improvement that the reader chooses. */
export function Split({ form }: { form: JobForm }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const id = useId();
  const [improvement, setImprovement] = useState(50);
  const settled = useDeferredValue(improvement);
  const values = useWatch({ control: form.control }) as JobValues;
  const isComplete = !findProblems(values, m.problems).some(({ path }) => ASKED_FIELDS.includes(String(path[0])));
  const preview = useSplitPreview(isComplete ? questionOf(values, settled) : null);
  return (
    <Card title={m.preview}>
      <Stack>
        <div className={styles.slider}>
          <label htmlFor={id}>{m.previewIf}</label>
          <input
            id={id}
            type="range"
            min={0}
            max={100}
            step={1}
            value={improvement}
            aria-valuetext={formatPercent(improvement, format)}
            onChange={(event) => setImprovement(Number(event.target.value))}
          />
          <output htmlFor={id}>{formatPercent(improvement, format)}</output>
        </div>
        {!isComplete && <Muted>{m.previewInvalid}</Muted>}
        {isComplete && preview.isError && <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />}
        {isComplete && preview.isPending && <Loading lines={2} />}
        {isComplete && preview.data && <Parts preview={preview.data} deposit={parseEther(values.deposit) ?? 1n} />}
      </Stack>
    </Card>
  );
}

function Parts({ preview, deposit }: { preview: SplitPreview; deposit: bigint }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const { format } = useLocale();
  const each = (count: number, wei: string) => m.previewEach(count, formatEther(BigInt(wei), format));
  const { trainers, validators } = preview;
  const parts = [
    { name: s.share.trainers, wei: BigInt(preview.trainer_pool_wei), note: each(trainers, preview.trainer_each_wei) },
    {
      name: s.share.validators,
      wei: BigInt(preview.validator_each_wei) * BigInt(validators),
      note: each(validators, preview.validator_each_wei),
    },
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
      <Muted>{m.previewNote}</Muted>
    </Stack>
  );
}

function questionOf(values: JobValues, improvementPercent: number): SplitQuestion {
  return {
    depositWei: parseEther(values.deposit) ?? 0n,
    owners: Number(values.minOwners),
    improvementPercent,
    pay: {
      trainer_bps: basisPoints(values.trainerPercent) ?? 0,
      validator_bps: basisPoints(values.validatorPercent) ?? 0,
      aggregator_bps: basisPoints(values.aggregatorPercent) ?? 0,
    },
  };
}
