import { useParams } from 'react-router';
import { useAbout } from '@/api/about';
import type { MsePoint } from '@/api/schemas';
import { MseChart } from '@/charts/MseChart';
import { ButtonLink } from '@/components/Button';
import { Callout, QueryView } from '@/components/feedback';
import { Card, Facts, Muted, PageHeader, Row, Stat, Stats } from '@/components/layout';
import { Amount, Progress as ProgressBar, Time, TransactionHash, Unknown, Value } from '@/components/values';
import { WaitingNotice } from '@/components/WaitingNotice';
import { formatCount, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import type { JobEarning } from '../api/earnings';
import { type Progress, useProgress } from '../api/progress';
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
      <Card title={m.curve}>
        {job.mse_history.length === 0 ? (
          <Muted>{m.curveEmpty}</Muted>
        ) : (
          <MseChart history={job.mse_history} rounds={job.rounds} />
        )}
      </Card>
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
  const measured = measurements(job.mse_history);
  const done = m.roundOf(formatCount(job.round, format), formatCount(job.rounds, format));
  return (
    <Stats>
      <Stat label={m.role}>{job.role ? s.role[job.role] : <Muted>{m.noRole}</Muted>}</Stat>
      <Stat label={m.round} hint={<ProgressBar label={m.progress} value={job.rounds ? job.round / job.rounds : 0} />}>
        {done}
      </Stat>
      <Stat label={m.error} hint={<Improvement measured={measured} />}>
        <Value of={measured.at(-1)} />
      </Stat>
      {job.role !== 'validator' && (
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

function Improvement({ measured }: { measured: readonly number[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [first, last] = [measured.at(0), measured.at(-1)];
  if (!first || last === undefined || measured.length < 2) return m.errorHint;
  const share = 1 - last / first;
  const text = formatShare(Math.abs(share), format);
  return share >= 0 ? m.better(text) : m.worse(text);
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

function measurements(history: readonly MsePoint[]): number[] {
  return history.map((point) => point.mse).filter((mse): mse is number => mse !== null);
}
