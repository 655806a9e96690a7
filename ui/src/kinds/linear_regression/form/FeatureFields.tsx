import { FormTextField } from '@/forms/FormField';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import { AT, type LinearForm } from './values';

/** Name, unit and range of one column; `field` is where it stands among the values of this kind. */
export function FeatureFields({ form, field }: { form: LinearForm; field: 'target' | `features.${number}` }) {
  const m = useMessages(messages);
  const { control } = form;
  const path = `${AT}.${field}` as const;
  return (
    <>
      <FormTextField control={control} name={`${path}.name`} label={m.columns.name} spellCheck="false" />
      <FormTextField control={control} name={`${path}.unit`} label={m.columns.unit} spellCheck="false" optional />
      <FormTextField control={control} name={`${path}.minimum`} label={m.columns.minimum} inputMode="decimal" />
      <FormTextField control={control} name={`${path}.maximum`} label={m.columns.maximum} inputMode="decimal" />
    </>
  );
}
