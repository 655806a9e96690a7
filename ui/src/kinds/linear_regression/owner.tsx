import { Callout } from '@/components/feedback';
import { Muted, Stack } from '@/components/layout';
import { formatNumber } from '@/format/number';
import { useMessages } from '@/i18n/messages';
import type { KindOwner } from '../kind';
import { messages } from './messages';

/** Up to so many owners draw a single validator. */
const OWNERS_OF_ONE_VALIDATOR = 3;

function Note({ minOwners }: { minOwners: number }) {
  const m = useMessages(messages);
  return (
    <Stack gap={3}>
      {minOwners <= OWNERS_OF_ONE_VALIDATOR && <Callout tone="warning">{m.learnFew(minOwners)}</Callout>}
      <Muted>{m.learnLimits}</Muted>
    </Stack>
  );
}

export default {
  declares: { en: 'the bound for their growth', es: 'la cota de su crecimiento' },
  Note,
  facts: ({ growth }, { locale, format }) =>
    typeof growth === 'number' ? [{ label: messages[locale].growth, value: formatNumber(growth, format) }] : [],
} satisfies KindOwner;
