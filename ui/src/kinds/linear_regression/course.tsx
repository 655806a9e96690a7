import { MseChart } from '@/charts/MseChart';
import { Card, Muted, Stat } from '@/components/layout';
import { Unknown, Value } from '@/components/values';
import { formatNumber, formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { Course, KindCourse } from '../kind';
import { messages } from './messages';

/** How much better the model has become, and its error. */
function Figures({ course: { initial, now, improvementPercent } }: { course: Course }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  return (
    <>
      <Stat label={m.improvement} hint={improvementHint(improvementPercent, m)}>
        {improvementPercent === null ? <Unknown /> : formatPercent(improvementPercent, format)}
      </Stat>
      <Stat label={m.mse} hint={initial === null ? m.mseNone : m.mseFrom(formatNumber(initial, format))}>
        <Value of={now} />
      </Stat>
    </>
  );
}

function improvementHint(improvement: number | null, m: (typeof messages)['en']): string {
  if (improvement === null) return m.improvementEarly;
  return improvement < 0 ? m.worse : m.improvementHint;
}

/** The error after each checkpoint. */
function Chart({ course: { history, rounds, hasEnded } }: { course: Course }) {
  const m = useMessages(messages);
  return (
    <Card title={m.curve}>
      {history.length > 0 ? (
        <MseChart history={history} {...(rounds !== undefined && { rounds })} />
      ) : (
        <Muted>{hasEnded ? m.curveNever : m.curveEmpty}</Muted>
      )}
    </Card>
  );
}

export default { Figures, Chart } satisfies KindCourse;
