import { useController } from 'react-hook-form';
import { Card } from '@/components/layout';
import { CardChoice } from '@/components/CardChoice';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { WIZARDS } from '@/kinds/wizards';
import { messages } from './messages';
import type { JobForm } from './useJobForm';

/** What is to be computed: one card for each kind. */
export function KindStep({ form }: { form: JobForm }) {
  const m = useMessages(messages);
  const { locale } = useLocale();
  const { field } = useController({ control: form.control, name: 'kind' });
  return (
    <Card title={m.kindTitle}>
      <CardChoice
        label={m.kindLabel}
        value={field.value}
        onChange={field.onChange}
        options={[...WIZARDS].map(([kind, { icon: Icon, words }]) => ({
          value: kind,
          icon: <Icon size={20} aria-hidden />,
          title: words[locale].title,
          text: words[locale].purpose,
          example: words[locale].example,
        }))}
      />
    </Card>
  );
}
