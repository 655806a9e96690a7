import type { PayRule } from '@/api/schemas';
import { Stat } from '@/components/layout';
import { Unknown } from '@/components/values';
import { formatPercent } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { courseOf } from './courses';
import type { Course } from './kind';
import { messages } from './messages';

interface CourseProps {
  kind: string;
  payRule: PayRule;
  course: Course;
}

/** The figures of a job that is paid by its improvement. */
export function CourseFigures({ kind, payRule, course }: CourseProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const Figures = courseOf(kind)?.Figures;
  if (Figures) return <Figures course={course} />;
  if (payRule !== 'improvement') return null;
  return (
    <Stat label={m.improvement} hint={m.improvementHint}>
      {course.improvementPercent === null ? <Unknown /> : formatPercent(course.improvementPercent, format)}
    </Stat>
  );
}

/** How a job goes, for kinds that show that. */
export function CourseChart({ kind, course }: Omit<CourseProps, 'payRule'>) {
  const Chart = courseOf(kind)?.Chart;
  return Chart ? <Chart course={course} /> : null;
}
