import { useParams } from 'react-router';
import { useAbout } from '@/api/about';
import { ButtonLink } from '@/components/Button';
import { Callout, QueryView } from '@/components/feedback';
import { Card, Facts, Muted, PageHeader, Row, Stat, Stats } from '@/components/layout';
import { Amount, Progress as ProgressBar, Time, TransactionHash, Unknown } from '@/components/values';
import { formatCount, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { CourseChart, CourseFigures } from '@/kinds/CourseCards';
import type { Course } from '@/kinds/kind';
import { KindName } from '@/kinds/KindName';
import { WaitingNotice } from '@/kinds/WaitingNotice';
import type { JobEarning } from '../api/earnings';
import { type Progress, useProgress } from '../api/progress';
import type { OfferStatus } from '../api/schemas';
import { messages as shared } from '../messages';
import { StatusBadge } from '../StatusBadge';
import { messages } from './messages';

/** A job that this owner takes part in, as it goes. */
export function JobPage() {
  const { jobId = '' } = useParams();
  const progress = useProgress(jobId);
  return <QueryView query={progress}>{(data) => <JobView job={data} />}</QueryView>;
}

function JobView({ job }: { job: Progress }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  return (
    <>
      <PageHeader
        title={job.title}
        back={{ to: '/offers', label: m.back }}
        subtitle={
          <Row>
            <StatusBadge status={job.status} />
            <span>
              <KindName kind={job.kind} />
            </span>
            <span>{s.statusHelp[job.status]}</span>
          </Row>
        }
        actions={<ButtonLink to={`/offers/${job.job_id}`}>{m.terms}</ButtonLink>}
      />
      {job.stale_reason && <Callout tone="warning">{s.stale}</Callout>}
      {job.status === 'FAILED' && job.reason && (
        <Callout tone="danger">
          <ServiceText>{job.reason}</ServiceText>
        </Callout>
      )}
      {job.waiting_for && <WaitingNotice waiting={job.waiting_for} />}
      <Figures job={job} />
      <CourseChart kind={job.kind} course={courseOf(job)} />
      <Card>
        <Settlement job={job} />
      </Card>
    </>
  );
}

function Figures({ job }: { job: Progress }) {
  const m = useMessages(messages);
  const s = useMessages(shared);
  const { format } = useLocale();
  const isFixed = job.pay_rule === 'per_answer';
  const done = m.roundOf(formatCount(job.round, format), formatCount(job.rounds, format));
  return (
    <Stats>
      {!isFixed && <Stat label={m.role}>{job.role ? s.role[job.role] : <Muted>{m.noRole}</Muted>}</Stat>}
      {job.rounds > 1 && (
        <Stat label={m.round} hint={<ProgressBar label={m.progress} value={job.round / job.rounds} />}>
          {done}
        </Stat>
      )}
      <CourseFigures kind={job.kind} payRule={job.pay_rule} course={courseOf(job)} />
      {!isFixed && job.role !== 'validator' && (
        <Stat label={m.contribution} hint={m.contributionHint}>
          <Contribution earning={job.earning} />
        </Stat>
      )}
      <Stat label={m.pay} hint={job.earning?.settled ? m.paySettled : m.paySoFar}>
        <Amount wei={job.earning?.pay_wei} />
      </Stat>
    </Stats>
  );
}

function Contribution({ earning }: { earning: JobEarning | null }) {
  const { format } = useLocale();
  const share = earning?.contribution_share;
  return share === null || share === undefined ? <Unknown /> : formatShare(share, format);
}

function Settlement({ job }: { job: Progress }) {
  const m = useMessages(messages);
  const about = useAbout();
  const hash = job.earning?.tx_hash;
  return (
    <Facts
      items={[
        { label: m.finishBy, value: <Time at={job.finish_by} /> },
        {
          label: m.settledBy,
          value: hash ? <TransactionHash hash={hash} explorerUrl={about.data?.explorer_url} /> : <Unknown />,
        },
      ]}
    />
  );
}

const OVER: readonly OfferStatus[] = ['FINISHED', 'CANCELLED', 'EXPIRED', 'FAILED', 'MISSED'];

/** How far a job has come, for what its kind shows of that. */
function courseOf({ mse_history: history, rounds, status }: Progress): Course {
  const measured = history.map((point) => point.mse).filter((mse): mse is number => mse !== null);
  const [initial, now] = [measured.at(0) ?? null, measured.at(-1) ?? null];
  const isComparable = measured.length > 1 && initial !== null && now !== null && initial > 0;
  const improvementPercent = isComparable ? (1 - now / initial) * 100 : null;
  return { initial, now, improvementPercent, history, rounds, hasEnded: OVER.includes(status) };
}
