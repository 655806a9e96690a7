import { GenericResult } from './GenericResult';
import { byKind, type KindResult } from './kind';

const RESULTS = byKind(import.meta.glob<KindResult>('./*/result.tsx', { eager: true, import: 'default' }));

/** What shows the result of a kind. */
export function resultOf(kind: string): KindResult {
  return RESULTS.get(kind) ?? GenericResult;
}
