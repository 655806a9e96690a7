import { useState } from 'react';
import { useAbout } from '@/api/about';
import type { PayRule } from '@/api/schemas';
import { Button } from '@/components/Button';
import { Badge } from '@/components/feedback';
import { Card, Stack } from '@/components/layout';
import { Time, TransactionHash } from '@/components/values';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { ENDED } from '../schemas';
import type { JobDetail, Milestone, Transaction } from './api';
import styles from './job.module.css';
import { messages } from './messages';

/** Checkpoints at either end that are shown when there are many. */
const SHOWN_CHECKPOINTS = 3;

/** What has happened, with the transactions that prove it. */
export function Timeline({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const about = useAbout();
  const [showsAll, setShowsAll] = useState(false);
  const entries = job.milestones.map((milestone, index) => ({
    milestone,
    text: textOf(milestone, job.milestones[index - 1], job.pay_rule, m),
  }));
  const hidden = showsAll ? [] : middleCheckpoints(job.milestones);
  const firstHidden = hidden[0];
  return (
    <Card title={m.timeline}>
      <Stack>
        <ol className={styles.timeline}>
          {entries.map(({ milestone, text }, index) => {
            if (milestone === firstHidden) {
              return (
                <li key={index}>
                  <Button variant="ghost" size="small" onPress={() => setShowsAll(true)}>
                    {m.moreCheckpoints(hidden.length)}
                  </Button>
                </li>
              );
            }
            if (hidden.includes(milestone)) return null;
            return (
              <li key={index} className={toneOf(milestone)}>
                <div className={styles.event}>{text}</div>
                <div className={styles.when}>
                  {milestone.at !== null && <Time at={milestone.at} />}
                  {milestone.tx_hash && (
                    <TransactionHash hash={milestone.tx_hash} explorerUrl={about.data?.explorer_url} />
                  )}
                </div>
              </li>
            );
          })}
        </ol>
        <UnderWay job={job} explorerUrl={about.data?.explorer_url} />
      </Stack>
    </Card>
  );
}

function UnderWay(props: { job: JobDetail; explorerUrl: string | null | undefined }) {
  const m = useMessages(messages);
  const unconfirmed = unconfirmedOf(props.job);
  if (unconfirmed.length === 0) return null;
  return (
    <section aria-label={m.transactions}>
      {unconfirmed.map((transaction) => (
        <div key={transaction.id}>
          <div className={styles.when}>
            <Badge tone={transaction.state === 'failed' ? 'danger' : 'info'} live={transaction.state === 'pending'}>
              {transaction.state === 'failed' ? m.transactionFailed : m.transactionPending}
            </Badge>
            <span>
              <ServiceText>{transaction.description}</ServiceText>
            </span>
            {transaction.tx_hash && <TransactionHash hash={transaction.tx_hash} explorerUrl={props.explorerUrl} />}
          </div>
          {transaction.reason && (
            <p className={styles.when}>
              <ServiceText>{transaction.reason}</ServiceText>
            </p>
          )}
        </div>
      ))}
    </section>
  );
}

/** Once the contract has ended a job, what was sent for that is of no interest any more, even if another's came first. */
function unconfirmedOf({ status, transactions }: JobDetail): Transaction[] {
  const hasEndedOnChain = ENDED.includes(status) && status !== 'failed';
  return hasEndedOnChain ? [] : transactions.filter(({ state }) => state !== 'mined');
}

function textOf(
  milestone: Milestone,
  before: Milestone | undefined,
  payRule: PayRule,
  m: (typeof messages)['en'],
): string {
  if (milestone.code !== 'checkpoint') return m.milestones[milestone.code];
  // The last round is recorded once more, with what was delivered.
  const isDelivery = before?.code === 'checkpoint' && before.round === milestone.round;
  if (isDelivery) return m.milestones.delivered;
  // Where no error is paid for, what is recorded is none.
  const { checkpoint, recorded } = m.milestones;
  return (payRule === 'improvement' ? checkpoint : recorded)(milestone.round ?? 0);
}

function toneOf({ code }: Milestone): string | undefined {
  if (code === 'failed' || code === 'expired' || code === 'cancelled') return styles.bad;
  return code === 'finished' ? styles.good : undefined;
}

/** The checkpoints between the first and the last ones, if they are more than a few. */
function middleCheckpoints(milestones: readonly Milestone[]): readonly Milestone[] {
  const middle = milestones.filter(({ code }) => code === 'checkpoint').slice(SHOWN_CHECKPOINTS, -SHOWN_CHECKPOINTS);
  return middle.length > 1 ? middle : [];
}
