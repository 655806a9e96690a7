import { useState } from 'react';
import { useParams } from 'react-router';
import { Button } from '@/components/Button';
import { Callout, QueryView } from '@/components/feedback';
import { Card, PageHeader, Row, Stack } from '@/components/layout';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { CourseChart } from '@/kinds/CourseCards';
import { Learns } from '@/kinds/Learns';
import { messages as common } from '@/kinds/messages';
import { resultOf } from '@/kinds/results';
import { TermsCard } from '@/kinds/TermColumns';
import { WaitingNotice } from '@/kinds/WaitingNotice';
import { messages as shared } from '../messages';
import { CANCELLABLE, ENDED } from '../schemas';
import { StatusBadge } from '../StatusBadge';
import { isUnknown, type JobDetail, useJob } from './api';
import { CancelDialog } from './CancelDialog';
import { EndNotice, StoppedNotice } from './EndNotice';
import { courseOf, Figures } from './Figures';
import styles from './job.module.css';
import { messages } from './messages';
import { Participants } from './Participants';
import { PostAgain } from './PostAgain';
import { Request } from './Request';
import { Timeline } from './Timeline';

/** A job from post to result, as it goes. */
export function JobPage() {
  const { id = '' } = useParams();
  const job = useJob(id);
  if (isUnknown(job.error)) return <NoSuchJob />;
  return <QueryView query={job}>{(data) => <JobView job={data} />}</QueryView>;
}

function NoSuchJob() {
  const m = useMessages(messages);
  return <PageHeader title={m.noSuchJob} subtitle={m.noSuchJobText} back={{ to: '/jobs', label: m.back }} />;
}

function JobView({ job }: { job: JobDetail }) {
  const k = useMessages(common);
  return (
    <>
      <Header job={job} />
      <Notices job={job} />
      <Figures job={job} />
      {job.status === 'finished' && <Result job={job} />}
      <div className={styles.columns}>
        <Stack>
          <CourseChart kind={job.kind} course={courseOf(job)} />
          <Participants job={job} />
          <TermsCard computation={job.spec.computation} />
          <Card title={k.learns}>
            <Learns kind={job.kind} learns={job.learns} />
          </Card>
        </Stack>
        <Stack>
          <Timeline job={job} />
          <Request job={job} />
        </Stack>
      </div>
    </>
  );
}

function Result({ job }: { job: JobDetail }) {
  const Shown = resultOf(job.kind);
  return (
    <Shown
      jobId={job.id}
      computation={job.spec.computation}
      title={job.title}
      improvementPercent={job.improvement_percent}
    />
  );
}

function Header({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const [isCancelling, setIsCancelling] = useState(false);
  const cancellable = CANCELLABLE.includes(job.status) && !job.cancel_requested;
  return (
    <>
      <PageHeader
        title={job.title}
        back={{ to: '/jobs', label: m.back }}
        subtitle={
          <Row>
            <StatusBadge status={job.status} />
            <span>{s.statusHelp[job.status]}</span>
          </Row>
        }
        actions={
          <>
            {cancellable && <Button onPress={() => setIsCancelling(true)}>{m.cancel}</Button>}
            {job.status === 'finished' && <PostAgain job={job} />}
          </>
        }
      />
      {isCancelling && <CancelDialog jobId={job.id} onClose={() => setIsCancelling(false)} />}
    </>
  );
}

/** What is in the way, what is waited for, and why it ended. */
function Notices({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const hasEnded = ENDED.includes(job.status);
  const check = job.delivery_check;
  return (
    <>
      {job.unavailable.length > 0 && (
        <Callout tone="warning" title={m.incomplete}>
          {m.incompleteText}
        </Callout>
      )}
      {job.trouble && (
        <Callout tone="warning" title={m.trouble}>
          <ServiceText>{job.trouble}</ServiceText>
        </Callout>
      )}
      {!hasEnded && job.live?.reason && job.live.state !== 'failed' && (
        <Callout tone="info" title={m.trouble}>
          <ServiceText>{job.live.reason}</ServiceText>
        </Callout>
      )}
      {job.cancel_requested && !hasEnded && <Callout tone="info">{m.cancelling}</Callout>}
      {hasEnded ? <EndNotice job={job} /> : <StoppedNotice job={job} />}
      {check === 'differs' && <Callout tone="danger">{m.delivery.differs}</Callout>}
      {check === 'unavailable' && <Callout tone="info">{m.delivery.unavailable}</Callout>}
      {!hasEnded && job.live?.waiting_for && <WaitingNotice waiting={job.live.waiting_for} />}
    </>
  );
}
