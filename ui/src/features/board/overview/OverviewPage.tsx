import { Link } from 'react-router';
import { EmptyState, QueryView } from '@/components/feedback';
import { Card, Grid, PageHeader, Stat, Stats } from '@/components/layout';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useJobs } from '../jobs/api';
import { JobTable } from '../jobs/JobTable';
import type { JobState } from '../schemas';
import { type Overview, useOverview } from './api';
import { ChainCard } from './ChainCard';
import { HealthCard } from './HealthCard';
import { messages } from './messages';

const SHOWN_OPEN_JOBS = 5;

/** The market at a glance: what is open, what runs, and whether everything works. */
export function OverviewPage() {
  const m = useMessages(messages);
  const overview = useOverview();
  return (
    <>
      <PageHeader title={m.title} subtitle={m.subtitle} />
      <QueryView query={overview}>
        {(data) => (
          <>
            <Numbers overview={data} />
            <OpenJobs />
            <Grid wide>
              <HealthCard parts={data.parts} chain={data.chain} version={data.version} />
              <ChainCard chain={data.chain} explorerUrl={data.explorer_url} />
            </Grid>
          </>
        )}
      </QueryView>
    </>
  );
}

function Numbers({ overview }: { overview: Overview }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const jobs = (...states: JobState[]) => formatCount(sum(states.map((state) => overview.jobs[state] ?? 0)), format);
  const members = (kind: string) => formatCount(overview.participants[kind] ?? 0, format);
  return (
    <Stats>
      <Stat label={m.open} hint={<Link to="/jobs?group=open">{m.show}</Link>}>
        {jobs('posted', 'recruiting')}
      </Stat>
      <Stat label={m.running} hint={<Link to="/jobs?group=running">{m.show}</Link>}>
        {jobs('running', 'settling')}
      </Stat>
      <Stat label={m.ended} hint={<Link to="/jobs?group=ended">{m.finished(jobs('finished'))}</Link>}>
        {jobs('finished', 'cancelled', 'expired', 'failed')}
      </Stat>
      <Stat label={m.datasets} hint={<Link to="/datasets">{m.search}</Link>}>
        {formatCount(overview.datasets, format)}
      </Stat>
      <Stat label={m.owners} hint={m.seen}>
        {members('data_owner')}
      </Stat>
      <Stat label={m.buyers} hint={m.seen}>
        {members('model_buyer')}
      </Stat>
    </Stats>
  );
}

function OpenJobs() {
  const m = useMessages(messages);
  const jobs = useJobs({ group: 'open', query: '', offset: 0 }, SHOWN_OPEN_JOBS);
  return (
    <Card
      title={m.openJobs}
      flush
      actions={jobs.data && jobs.data.total > SHOWN_OPEN_JOBS && <Link to="/jobs?group=open">{m.all}</Link>}
    >
      <QueryView
        query={jobs}
        isEmpty={(page) => page.jobs.length === 0}
        empty={<EmptyState title={m.noOpenJobs}>{m.noOpenJobsText}</EmptyState>}
      >
        {(page) => <JobTable jobs={page.jobs} open />}
      </QueryView>
    </Card>
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
