import { byKind, type KindCourse } from './kind';

const COURSES = byKind(import.meta.glob<KindCourse>('./*/course.tsx', { eager: true, import: 'default' }));

/** How a kind shows that it goes on; undefined for one that has nothing to show before its end. */
export function courseOf(kind: string): KindCourse | undefined {
  return COURSES.get(kind);
}
