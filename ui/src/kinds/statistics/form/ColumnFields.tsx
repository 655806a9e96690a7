import { useWatch } from 'react-hook-form';
import { FormSelectField, FormTextField } from '@/forms/FormField';
import { useMessages } from '@/i18n/messages';
import styles from './form.module.css';
import { messages } from './messages';
import { AT, type StatisticsForm } from './values';

/** What is asked about one column: of numbers their range and bins, of a category its levels. */
export function ColumnFields({ form, index }: { form: StatisticsForm; index: number }) {
  const m = useMessages(messages);
  const { control } = form;
  const path = `${AT}.columns.${index}` as const;
  const kind = useWatch({ control, name: `${path}.kind` });
  const number = { control, inputMode: 'decimal' } as const;
  return (
    <>
      <FormSelectField
        control={control}
        name={`${path}.kind`}
        label={m.fields.kind}
        options={(['number', 'category'] as const).map((value) => ({ value, label: m.kinds[value] }))}
      />
      <FormTextField control={control} name={`${path}.name`} label={m.fields.name} spellCheck="false" />
      {kind === 'category' ? (
        <div className={styles.levels}>
          <FormTextField
            control={control}
            name={`${path}.levels`}
            label={m.fields.levels}
            description={m.levelsHelp}
            rows={4}
            spellCheck="false"
          />
        </div>
      ) : (
        <div className={styles.numbers}>
          <FormTextField control={control} name={`${path}.unit`} label={m.fields.unit} spellCheck="false" optional />
          <FormTextField {...number} name={`${path}.minimum`} label={m.fields.minimum} />
          <FormTextField {...number} name={`${path}.maximum`} label={m.fields.maximum} />
          <FormTextField control={control} name={`${path}.bins`} label={m.fields.bins} inputMode="numeric" />
        </div>
      )}
    </>
  );
}
