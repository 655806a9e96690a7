import { useWatch } from 'react-hook-form';
import { Card, Grid } from '@/components/layout';
import { FormSelectField, FormTextField } from '@/forms/FormField';
import { formatTime } from '@/format/time';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import type { JobForm } from './useJobForm';
import { DURATION_UNITS, isFixedPrice, KEY_SIZES, seconds, wizardOf } from './values';
import styles from './wizard.module.css';

/** How many owners it takes, and by when. */
export function OwnersStep({ form }: { form: JobForm }) {
  const m = useMessages(messages);
  const { control } = form;
  const kind = useWatch({ control, name: 'kind' });
  const { exact, least } = wizardOf(kind).owners;
  const keySizes = KEY_SIZES.map((bits) => ({ value: String(bits), label: m.keyBitsOf(bits) }));
  return (
    <>
      <Card title={m.owners}>
        <Grid>
          <FormTextField
            control={control}
            name="minOwners"
            label={exact ? m.fixedPriceFields.minOwners : m.minOwners}
            description={exact ? m.exactOwnersHelp(least) : m.minOwnersHelp}
            inputMode="numeric"
          />
          <FormTextField
            control={control}
            name="minRows"
            label={m.minRows}
            description={m.minRowsHelp}
            inputMode="numeric"
          />
        </Grid>
      </Card>
      <Card title={m.time}>
        <Deadlines form={form} />
      </Card>
      <Card title={m.encryption}>
        <Grid>
          <FormSelectField
            control={control}
            name="keyBits"
            label={m.keyBits}
            description={m.keyBitsHelp}
            options={[{ value: '', label: m.keyBitsDefault }, ...keySizes]}
          />
        </Grid>
      </Card>
    </>
  );
}

function Deadlines({ form }: { form: JobForm }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [recruitFor, recruitUnit, trainFor, trainUnit, kind] = useWatch({
    control: form.control,
    name: ['recruitFor', 'recruitUnit', 'trainFor', 'trainUnit', 'kind'],
  });
  const finish = isFixedPrice(kind) ? m.fixedPriceFields.trainFor : m.trainFor;
  const recruitS = seconds(recruitFor, recruitUnit);
  const allS = recruitS + seconds(trainFor, trainUnit);
  const momentIn = (duration: number, text: (time: string) => string) =>
    duration > 0 && duration < Number.MAX_SAFE_INTEGER / 1e6
      ? text(formatTime(Date.now() / 1000 + duration, format))
      : '';
  return (
    <Grid>
      <div>
        <Duration form={form} amount="recruitFor" unit="recruitUnit" label={m.recruitFor} help={m.recruitHelp} />
        <p className={styles.moment}>{momentIn(recruitS, m.startsBy)}</p>
      </div>
      <div>
        <Duration form={form} amount="trainFor" unit="trainUnit" label={finish} help={m.trainHelp} />
        <p className={styles.moment}>{momentIn(allS, m.finishesBy)}</p>
      </div>
      <FormTextField
        control={form.control}
        name="roundTimeout"
        label={m.roundTimeout}
        description={m.roundTimeoutHelp}
        suffix={m.secondsUnit}
        inputMode="numeric"
      />
    </Grid>
  );
}

interface DurationProps {
  form: JobForm;
  amount: 'recruitFor' | 'trainFor';
  unit: 'recruitUnit' | 'trainUnit';
  label: string;
  help: string;
}

function Duration({ form, amount, unit, label, help }: DurationProps) {
  const m = useMessages(messages);
  return (
    <div className={styles.duration}>
      <FormTextField control={form.control} name={amount} label={label} description={help} inputMode="decimal" />
      <FormSelectField
        control={form.control}
        name={unit}
        label={m.unitOf(label)}
        hideLabel
        options={DURATION_UNITS.map((value) => ({ value, label: m.units[value] }))}
      />
    </div>
  );
}
