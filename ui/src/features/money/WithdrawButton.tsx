import { ArrowUpRight } from 'lucide-react';
import { useState } from 'react';
import { Button } from '@/components/Button';
import { useMessages } from '@/i18n/messages';
import { isDone, useAccount, useWithdrawals } from './api';
import { messages } from './messages';
import { WithdrawDialog } from './WithdrawDialog';

/** Has everything owed paid out, after asking; not while nothing is owed or a withdrawal is on its way. */
export function WithdrawButton() {
  const m = useMessages(messages);
  const account = useAccount();
  const withdrawals = useWithdrawals();
  const [isOpen, setIsOpen] = useState(false);
  if (account.data === undefined) return null;
  const owedWei = account.data.owed_wei ?? '0';
  const isUnderWay = withdrawals.data?.withdrawals.some((withdrawal) => !isDone(withdrawal)) ?? false;
  return (
    <>
      <Button
        variant="primary"
        icon={<ArrowUpRight size={16} aria-hidden />}
        isDisabled={BigInt(owedWei) === 0n || isUnderWay}
        onPress={() => setIsOpen(true)}
      >
        {m.withdraw}
      </Button>
      {isOpen && <WithdrawDialog owedWei={owedWei} onClose={() => setIsOpen(false)} />}
    </>
  );
}
