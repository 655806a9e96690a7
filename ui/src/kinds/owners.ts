import { byKind, type KindOwner } from './kind';

const OWNERS = byKind(import.meta.glob<KindOwner>('./*/owner.tsx', { eager: true, import: 'default' }));

/** What a kind says to owners; undefined for one that says no more than the service. */
export function ownerPartOf(kind: string): KindOwner | undefined {
  return OWNERS.get(kind);
}
