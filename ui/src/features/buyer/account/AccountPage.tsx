import { PageHeader } from '@/components/layout';
import { Balance } from '@/features/money/Balance';
import { WithdrawButton } from '@/features/money/WithdrawButton';
import { Withdrawals } from '@/features/money/Withdrawals';
import { defineMessages, useMessages } from '@/i18n/messages';

const messages = defineMessages({
  en: {
    title: 'Account',
    subtitle:
      'Deposits are paid from this account. What a job does not use comes back to the contract, for you to withdraw.',
  },
  es: {
    title: 'Cuenta',
    subtitle:
      'Los depósitos se pagan desde esta cuenta. Lo que un trabajo no gasta vuelve al contrato, y usted lo retira.',
  },
});

/** The account that pays deposits and takes what is left of them. */
export function AccountPage() {
  const m = useMessages(messages);
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} actions={<WithdrawButton />} />
      <Balance />
      <Withdrawals />
    </>
  );
}
