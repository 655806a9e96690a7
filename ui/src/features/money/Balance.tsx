import { useAbout } from '@/api/about';
import { Callout, QueryView } from '@/components/feedback';
import { Stat, Stats } from '@/components/layout';
import { Amount, Hash, TransactionHash } from '@/components/values';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { type Account, isDone, useAccount, useWithdrawals, type Withdrawal } from './api';
import { messages } from './messages';
import styles from './money.module.css';

/** What the contract owes and what the account holds, and a withdrawal that is on its way. */
export function Balance() {
  const account = useAccount();
  const withdrawals = useWithdrawals();
  const underWay = withdrawals.data?.withdrawals.find((withdrawal) => !isDone(withdrawal));
  return (
    <>
      <QueryView query={account}>{(data) => <Figures account={data} />}</QueryView>
      {underWay && <UnderWay withdrawal={underWay} />}
    </>
  );
}

function Figures({ account }: { account: Account }) {
  const m = useMessages(messages);
  return (
    <>
      {account.unavailable_reason && (
        <Callout tone="warning" title={m.unavailable}>
          <ServiceText>{account.unavailable_reason}</ServiceText>
        </Callout>
      )}
      <Stats>
        <Stat label={m.owed} hint={owedHint(account, m)}>
          <Amount wei={account.owed_wei} />
        </Stat>
        <Stat label={m.balance}>
          <Amount wei={account.balance_wei} />
        </Stat>
        <Stat label={m.account}>
          <Hash value={account.address} />
        </Stat>
      </Stats>
    </>
  );
}

function owedHint({ owed_wei }: Account, m: (typeof messages)['en']): string | undefined {
  if (owed_wei === null) return undefined;
  return BigInt(owed_wei) === 0n ? m.nothingOwed : m.owedHint;
}

const STEPS = ['queued', 'signed', 'broadcast', 'mined'] as const;

function UnderWay({ withdrawal }: { withdrawal: Withdrawal }) {
  const m = useMessages(messages);
  const about = useAbout();
  const reached = reachedStep(withdrawal);
  return (
    <Callout tone="info" title={m.onItsWay}>
      <ol className={styles.steps}>
        {STEPS.map((step, index) => (
          <li
            key={step}
            className={index <= reached ? styles.reached : ''}
            aria-current={index === reached ? 'step' : undefined}
          >
            {m.steps[step]}
          </li>
        ))}
      </ol>
      {withdrawal.reason && (
        <p>
          <ServiceText>{withdrawal.reason}</ServiceText>
        </p>
      )}
      {withdrawal.tx_hash && <TransactionHash hash={withdrawal.tx_hash} explorerUrl={about.data?.explorer_url} />}
    </Callout>
  );
}

/** Buyers hear of all that is not confirmed as pending; its hash tells that it was signed and sent. */
function reachedStep({ state, tx_hash }: Withdrawal): number {
  if (state !== 'pending') return STEPS.findIndex((step) => step === state);
  return STEPS.indexOf(tx_hash === null ? 'queued' : 'broadcast');
}
