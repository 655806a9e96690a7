import { Card, Muted, Stack } from '@/components/layout';
import { FormTextField } from '@/forms/FormField';
import { useMessages } from '@/i18n/messages';
import { FeatureFields } from './FeatureFields';
import { FeatureList } from './FeatureList';
import { messages } from './messages';
import type { JobForm } from './useJobForm';
import styles from './wizard.module.css';

/** What the model is to predict, from what. */
export function LearnStep({ form, focus }: { form: JobForm; focus: object | null }) {
  const m = useMessages(messages);
  return (
    <>
      <Card title={m.steps.learn}>
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
      <FeatureList form={form} focus={focus} />
      <Card title={m.target}>
        <Stack gap={3}>
          <Muted>{m.targetHelp}</Muted>
          <div className={styles.rows}>
            <div className={styles.row} role="group" aria-label={m.target}>
              <FeatureFields form={form} path="target" />
            </div>
          </div>
        </Stack>
      </Card>
    </>
  );
}
