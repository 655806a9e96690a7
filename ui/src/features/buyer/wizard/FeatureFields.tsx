import { FormTextField } from '@/forms/FormField';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import type { JobForm } from './useJobForm';

/** Name, unit and range of one column; `path` is where it stands in the form. */
export function FeatureFields({ form, path }: { form: JobForm; path: 'target' | `features.${number}` }) {
  const m = useMessages(messages);
  const { control } = form;
  return (
    <>
      <FormTextField control={control} name={`${path}.name`} label={m.columns.name} spellCheck="false" />
      <FormTextField control={control} name={`${path}.unit`} label={m.columns.unit} spellCheck="false" optional />
      <FormTextField control={control} name={`${path}.minimum`} label={m.columns.minimum} inputMode="decimal" />
      <FormTextField control={control} name={`${path}.maximum`} label={m.columns.maximum} inputMode="decimal" />
    </>
  );
}
