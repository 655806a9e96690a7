import { Card, Stack } from '@/components/layout';
import { FormTextField } from '@/forms/FormField';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import type { JobForm } from './useJobForm';

/** Title and description. */
export function AboutCard({ form, title }: { form: JobForm; title: string }) {
  const m = useMessages(messages);
  return (
    <Card title={title}>
      <Stack>
        <FormTextField control={form.control} name="title" label={m.name} description={m.nameHelp} />
        <FormTextField
          control={form.control}
          name="description"
          label={m.description}
          description={m.descriptionHelp}
          rows={3}
          optional
        />
      </Stack>
    </Card>
  );
}
