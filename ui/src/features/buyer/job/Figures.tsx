import { Stat, Stats } from '@/components/layout';
import { Amount, Progress, Unknown, Value } from '@/components/values';
import { formatCount, formatNumber, formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { JobDetail } from './api';
import { messages } from './messages';

/** How much better the model is, its error, what that costs, and how far training has come. */
export function Figures({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const round = Math.max(job.round, job.live?.round ?? 0);
  const rounds = formatCount(job.rounds, format);
  return (
    <Stats>
      <Stat label={m.improvement} hint={improvementHint(job.improvement_percent, m)}>
        {job.improvement_percent === null ? <Unknown /> : formatPercent(job.improvement_percent, format)}
      </Stat>
      <Stat
        label={m.mse}
        hint={job.initial_mse === null ? m.mseNone : m.mseFrom(formatNumber(job.initial_mse, format))}
      >
        <Value of={job.mse} />
      </Stat>
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
      <Stat label={m.round} hint={<Progress label={m.progress} value={round / job.rounds} />}>
        {m.roundOf(formatCount(round, format), rounds)}
      </Stat>
    </Stats>
  );
}

function improvementHint(improvement: number | null, m: (typeof messages)['en']): string {
  if (improvement === null) return m.improvementEarly;
  return improvement < 0 ? m.worse : m.improvementHint;
}
