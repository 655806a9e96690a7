import { Link } from 'react-router';
import { Callout } from '@/components/feedback';
import { Row, Stack } from '@/components/layout';
import { Amount, Time } from '@/components/values';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import type { JobDetail } from './api';
import { messages } from './messages';
import { PostAgain } from './PostAgain';

/** How a job came to end without a model. */
type Ending = 'notPosted' | 'calledOff' | 'tooFewOwners' | 'expired';

/** That a job ended without a model: what happened, where the money is, and what can be done next. */
export function EndNotice({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const ending = endingOf(job);
  if (ending === null) return null;
  return (
    <Callout tone={ending === 'notPosted' ? 'danger' : 'info'} title={m.endings[ending]}>
      <Stack gap={3}>
        {ending !== 'calledOff' && <Reason job={job} ending={ending} />}
        <Money job={job} />
        {ending !== 'calledOff' && <p>{m.advice[ending]}</p>}
        <Row>
          <PostAgain job={job} />
        </Row>
      </Stack>
    </Callout>
  );
}

/** That training cannot go on, although the contract still holds the deposit. */
export function StoppedNotice({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  if (job.live?.state !== 'failed') return null;
  return (
    <Callout tone="danger" title={m.stopped}>
      <Stack gap={3}>
        {job.live.reason && (
          <p>
            <ServiceText>{job.live.reason}</ServiceText>
          </p>
        )}
        {job.status === 'training' ? (
          <p>
            {m.stoppedMoney} <Time at={job.spec.finish_by} />
          </p>
        ) : (
          <p>{m.stoppedEarly}</p>
        )}
      </Stack>
    </Callout>
  );
}

function Reason({ job, ending }: { job: JobDetail; ending: Ending }) {
  const m = useMessages(messages);
  if (ending === 'tooFewOwners') {
    return (
      <p>
        {m.neededBy(job.spec.min_owners)} <Time at={job.spec.start_by} />
      </p>
    );
  }
  const reason = job.live?.reason ?? job.note;
  if (!reason) return null;
  return (
    <p>
      <ServiceText>{reason}</ServiceText>
    </p>
  );
}

function Money({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { settlement } = job;
  if (settlement === null) return <p>{m.nothingPaid}</p>;
  return (
    <p>
      {settlement.paid_wei !== '0' && (
        <>
          {m.paidOut} <Amount wei={settlement.paid_wei} />.{' '}
        </>
      )}
      {settlement.refunded_wei !== '0' && (
        <>
          {m.cameBack} <Amount wei={settlement.refunded_wei} />. <Link to="/account">{m.toAccount}</Link>
        </>
      )}
    </p>
  );
}

function endingOf({ status, cancel_requested }: JobDetail): Ending | null {
  if (status === 'failed') return 'notPosted';
  if (status === 'expired') return 'expired';
  if (status !== 'cancelled') return null;
  // Nobody but its buyer can call a job off before its time to start is over.
  return cancel_requested ? 'calledOff' : 'tooFewOwners';
}
