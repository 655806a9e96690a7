import { useKindWords } from './registry';

/** What people call a kind of job. */
export function KindName({ kind }: { kind: string }) {
  return useKindWords(kind).name;
}
