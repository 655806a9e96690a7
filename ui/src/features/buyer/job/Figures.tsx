import { Stat, Stats } from '@/components/layout';
import { Amount, Progress } from '@/components/values';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { CourseFigures } from '@/kinds/CourseCards';
import type { Course } from '@/kinds/kind';
import { ENDED } from '../schemas';
import type { JobDetail } from './api';
import { messages } from './messages';

/** How good the result is, what that costs, and how far the job has come. */
export function Figures({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const round = Math.max(job.round, job.live?.round ?? 0);
  const count = (value: number) => formatCount(value, format);
  const isFixed = job.pay_rule === 'per_answer';
  const takingPart = job.participants.length || (job.live?.owners.length ?? 0);
  return (
    <Stats>
      <CourseFigures kind={job.kind} payRule={job.pay_rule} course={courseOf(job)} />
      <Stat
        label={job.settlement ? m.costFinal : m.cost}
        hint={
          <>
            {m.costOf} <Amount wei={job.deposit_wei} />
          </>
        }
      >
        <Amount wei={job.cost_so_far_wei} />
      </Stat>
      {isFixed && <Stat label={m.owners}>{m.roundOf(count(takingPart), count(job.spec.min_owners))}</Stat>}
      {job.rounds > 1 && (
        <Stat label={m.round} hint={<Progress label={m.progress} value={round / job.rounds} />}>
          {m.roundOf(count(round), count(job.rounds))}
        </Stat>
      )}
    </Stats>
  );
}

/** How far a job has come, for what its kind shows of that. */
export function courseOf(job: JobDetail): Course {
  return {
    initial: job.initial_mse,
    now: job.mse,
    improvementPercent: job.improvement_percent,
    history: job.checkpoints,
    hasEnded: ENDED.includes(job.status),
  };
}
