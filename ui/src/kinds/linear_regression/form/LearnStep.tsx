import { Card, Muted, Stack } from '@/components/layout';
import { useMessages } from '@/i18n/messages';
import columns from '../../columns.module.css';
import type { StepProps } from '../../wizard';
import { FeatureFields } from './FeatureFields';
import { FeatureList } from './FeatureList';
import { messages } from './messages';
import type { LinearForm } from './values';

/** What the model is to predict, from what. */
export function LearnStep({ form, focus }: StepProps<LinearForm>) {
  const m = useMessages(messages);
  return (
    <>
      <FeatureList form={form} focus={focus} />
      <Card title={m.target}>
        <Stack gap={3}>
          <Muted>{m.targetHelp}</Muted>
          <div className={columns.rows}>
            <div className={columns.row} role="group" aria-label={m.target}>
              <FeatureFields form={form} field="target" />
            </div>
          </div>
        </Stack>
      </Card>
    </>
  );
}
