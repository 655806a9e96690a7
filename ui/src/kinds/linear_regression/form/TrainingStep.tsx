import { useController, useWatch } from 'react-hook-form';
import { Checkbox, RadioField } from '@/components/fields';
import { Card, Grid, Muted, Stack } from '@/components/layout';
import { FormTextField } from '@/forms/FormField';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { StepProps } from '../../wizard';
import { messages } from './messages';
import { AT, defaultRate, type LinearForm } from './values';

/** How the model is trained. */
export function TrainingStep({ form }: StepProps<LinearForm>) {
  const m = useMessages(messages);
  const { control } = form;
  return (
    <>
      <Card title={m.training}>
        <Stack>
          <Muted>{m.trainingHelp}</Muted>
          <Grid>
            <FormTextField
              control={control}
              name={`${AT}.rounds`}
              label={m.rounds}
              description={m.roundsHelp}
              inputMode="numeric"
            />
            <FormTextField
              control={control}
              name={`${AT}.evaluateEvery`}
              label={m.evaluateEvery}
              description={m.evaluateEveryHelp}
              inputMode="numeric"
            />
            <LearningRate form={form} />
          </Grid>
        </Stack>
      </Card>
      <Card title={m.fineTuning}>
        <Stack gap={5}>
          <Grid>
            <FormTextField
              control={control}
              name={`${AT}.localSteps`}
              label={m.localSteps}
              description={m.localStepsHelp}
              inputMode="numeric"
            />
          </Grid>
          <Grid>
            <Choice form={form} name="scaling" label={m.scaling} options={['range', 'none']} texts={m.scalings} />
            <Choice
              form={form}
              name="averaging"
              label={m.averaging}
              options={['rows', 'uniform']}
              texts={m.averagings}
            />
          </Grid>
          <EarlyStop form={form} />
        </Stack>
      </Card>
    </>
  );
}

function LearningRate({ form }: { form: LinearForm }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [features, scaling] = useWatch({ control: form.control, name: [`${AT}.features`, `${AT}.scaling`] });
  const fallback = defaultRate(features.length, format);
  const isOptional = scaling === 'range';
  return (
    <FormTextField
      control={form.control}
      name={`${AT}.learningRate`}
      label={m.learningRate}
      description={isOptional ? m.learningRateHelp(fallback) : m.learningRateNeeded}
      inputMode="decimal"
      optional={isOptional}
      {...(isOptional && { placeholder: fallback })}
    />
  );
}

interface ChoiceProps<K extends string> {
  form: LinearForm;
  name: 'scaling' | 'averaging';
  label: string;
  options: readonly K[];
  texts: Record<K | `${K}Help`, string>;
}

function Choice<K extends string>({ form, name, label, options, texts }: ChoiceProps<K>) {
  const { field, fieldState } = useController({ control: form.control, name: `${AT}.${name}` });
  return (
    <RadioField
      label={label}
      name={name}
      value={field.value}
      onChange={field.onChange}
      error={fieldState.error?.message}
      options={options.map((value) => ({ value, label: texts[value], description: texts[`${value}Help`] }))}
    />
  );
}

function EarlyStop({ form }: { form: LinearForm }) {
  const m = useMessages(messages);
  const { field } = useController({ control: form.control, name: `${AT}.stopsEarly` });
  return (
    <Stack gap={3}>
      <Checkbox isSelected={field.value} onChange={field.onChange} description={m.stopsEarlyHelp}>
        {m.stopsEarly}
      </Checkbox>
      {field.value && (
        <Grid>
          <FormTextField
            control={form.control}
            name={`${AT}.minimumImprovement`}
            label={m.minimumImprovement}
            suffix="%"
            inputMode="decimal"
          />
          <FormTextField control={form.control} name={`${AT}.patience`} label={m.patience} inputMode="numeric" />
        </Grid>
      )}
    </Stack>
  );
}
