import { SearchX } from 'lucide-react';
import { useParams } from 'react-router';
import { ButtonLink } from '@/components/Button';
import { Callout, EmptyState, QueryView } from '@/components/feedback';
import { Card, PageHeader, Row, Stack, Stat, Stats } from '@/components/layout';
import { Amount, Hash, Progress, Time } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { CourseChart, CourseFigures } from '@/kinds/CourseCards';
import type { Course } from '@/kinds/kind';
import { KindName } from '@/kinds/KindName';
import { Learns } from '@/kinds/Learns';
import { messages as common } from '@/kinds/messages';
import { TermsCard } from '@/kinds/TermColumns';
import { WaitingNotice } from '@/kinds/WaitingNotice';
import styles from '../board.module.css';
import { ENDED } from '../schemas';
import { StateBadge } from '../StateBadge';
import { isUnknown, type JobDetail, useJob } from './api';
import { messages } from './messages';
import { Owners } from './Owners';
import { Records } from './Records';
import { Terms } from './Terms';

/** One job with its public metrics, as it goes. */
export function JobPage() {
  const { jobId = '' } = useParams();
  const job = useJob(jobId);
  if (isUnknown(jobId, job.error)) return <NoSuchJob jobId={jobId} />;
  return <QueryView query={job}>{(data) => <JobView job={data} />}</QueryView>;
}

function NoSuchJob({ jobId }: { jobId: string }) {
  const m = useMessages(messages);
  return (
    <>
      <PageHeader title={m.noSuchJob} back={{ to: '/jobs', label: m.back }} />
      <Card>
        <EmptyState
          icon={<SearchX size={22} aria-hidden />}
          title={m.noSuchJobTitle(jobId)}
          action={<ButtonLink to="/jobs">{m.allJobs}</ButtonLink>}
        >
          {m.noSuchJobText}
        </EmptyState>
      </Card>
    </>
  );
}

function JobView({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const k = useMessages(common);
  const hasEnded = ENDED.includes(job.state);
  return (
    <>
      <PageHeader
        title={job.title}
        back={{ to: '/jobs', label: m.back }}
        subtitle={
          <Row>
            <StateBadge state={job.state} />
            <span>
              <KindName kind={job.kind} />
            </span>
            <span>{m.number(job.job_id)}</span>
            <span>
              {m.by} {job.buyer_name} <Hash value={job.buyer} />
            </span>
            {job.posted_at !== null && <Time at={job.posted_at} />}
          </Row>
        }
      />
      {job.reason && (
        <Callout tone={job.state === 'failed' ? 'danger' : 'info'} title={hasEnded ? m.whyEnded : m.inTheWay}>
          <ServiceText>{job.reason}</ServiceText>
        </Callout>
      )}
      {!hasEnded && job.waiting_for && <WaitingNotice waiting={job.waiting_for} />}
      <Figures job={job} />
      <div className={styles.columns}>
        <Stack>
          <CourseChart kind={job.kind} course={courseOf(job)} />
          <Owners job={job} />
          <TermsCard computation={job.spec.computation} />
          <Card title={k.learns}>
            <Learns kind={job.kind} learns={job.learns} />
          </Card>
        </Stack>
        <Stack>
          <Records job={job} />
          <Terms job={job} />
        </Stack>
      </div>
    </>
  );
}

function Figures({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const of = (count: number, total: number) => m.of(formatCount(count, format), formatCount(total, format));
  return (
    <Stats>
      <CourseFigures kind={job.kind} payRule={job.pay_rule} course={courseOf(job)} />
      {job.rounds > 1 && (
        <Stat label={m.round} hint={<Progress label={m.progress} value={job.round / job.rounds} />}>
          {of(job.round, job.rounds)}
        </Stat>
      )}
      <Stat label={m.owners} hint={m.ownersHint(formatCount(job.min_owners, format))}>
        {formatCount(job.owners, format)}
      </Stat>
      <Stat label={m.deposit} hint={m.depositHint}>
        <Amount wei={job.deposit_wei} />
      </Stat>
    </Stats>
  );
}

/** How far a job has come, for what its kind shows of that. */
function courseOf(job: JobDetail): Course {
  return {
    initial: job.initial_mse,
    now: job.mse,
    improvementPercent: job.improvement_percent,
    history: job.checkpoints,
    hasEnded: ENDED.includes(job.state),
  };
}
