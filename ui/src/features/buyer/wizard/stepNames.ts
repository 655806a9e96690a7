import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { own } from '@/kinds/registry';
import { messages } from './messages';
import { wizardOf } from './values';

/** What the steps to a job of some kind are called. */
export function useStepNames(kind: string): (step: string) => string {
  const m = useMessages(messages);
  const { locale } = useLocale();
  return (step) => own<string>(m.steps, step) ?? own(wizardOf(kind).words[locale].steps, step) ?? step;
}
