import { useMemo } from 'react';
import { useWatch } from 'react-hook-form';
import * as z from 'zod/mini';
import { Button } from '@/components/Button';
import { ActionError } from '@/components/feedback';
import { Muted, Row, Stack } from '@/components/layout';
import { FormTextField } from '@/forms/FormField';
import { placeErrors, useDraftForm } from '@/forms/useDraftForm';
import { formatNumber, parseNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { type Model, usePredictRow } from './api';
import { messages } from './messages';
import styles from './model.module.css';

type Feature = Model['features'][number];

/** Enter one case, and see what the model predicts for it. */
export function PredictForm({ jobId, model }: { jobId: string; model: Model }) {
  const m = useMessages(messages);
  const predict = usePredictRow(jobId);
  const schema = useMemo(
    () =>
      z.object({
        // Features are addressed by position, because a name may hold dots.
        values: z.array(z.string().check(z.refine((text) => parseNumber(text) !== undefined, m.number))),
      }),
    [m],
  );
  const form = useDraftForm({
    schema,
    defaults: { values: model.features.map(middleOf) },
    draftKey: `predict-${jobId}`,
  });
  const inWords = useServiceText();
  const submit = form.handleSubmit(({ values }) => {
    const row = Object.fromEntries(
      model.features.map((one, index) => [one.name, parseNumber(values[index] ?? '') ?? NaN]),
    );
    predict.mutate(row, {
      onError: (error) =>
        placeErrors(
          form,
          error,
          (field) => {
            const index = model.features.findIndex((one) => one.name === field);
            return index < 0 ? undefined : `values.${index}`;
          },
          inWords,
        ),
    });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <Stack>
        <Muted>{m.oneHelp}</Muted>
        <div className={styles.fields}>
          {model.features.map((one, index) => (
            <FeatureField key={one.name} form={form} feature={one} index={index} />
          ))}
        </div>
        <Row>
          <Button type="submit" variant="primary" isPending={predict.isPending}>
            {m.submit}
          </Button>
        </Row>
        <ActionError error={predict.error} />
        <Prediction result={predict.data} />
      </Stack>
    </form>
  );
}

interface FieldProps {
  form: ReturnType<typeof useDraftForm<{ values: string[] }>>;
  feature: Feature;
  index: number;
}

function FeatureField({ form, feature, index }: FieldProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const text = useWatch({ control: form.control, name: `values.${index}` });
  const value = parseNumber(text);
  const range = [formatNumber(feature.minimum, format, 4), formatNumber(feature.maximum, format, 4)] as const;
  const isOutside = value !== undefined && (value < feature.minimum || value > feature.maximum);
  return (
    <FormTextField
      control={form.control}
      name={`values.${index}`}
      label={feature.name}
      inputMode="decimal"
      suffix={feature.unit}
      description={isOutside ? m.outOfRange(...range) : m.inRange(...range)}
    />
  );
}

function Prediction({ result }: { result: { target: string; unit: string; predictions: number[] } | undefined }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const value = result?.predictions[0];
  return (
    <div aria-live="polite">
      {result && value !== undefined && (
        <div className={styles.result}>
          <span>{m.prediction(result.target)}</span>
          <output>
            {formatNumber(value, format)} {result.unit}
          </output>
        </div>
      )}
    </div>
  );
}

function middleOf({ minimum, maximum }: Feature): string {
  return String(Number(((minimum + maximum) / 2).toPrecision(4)));
}
