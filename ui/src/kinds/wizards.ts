import { byKind } from './kind';
import type { KindWizard } from './wizard';

const found = byKind(import.meta.glob<KindWizard>('./*/wizard.tsx', { eager: true, import: 'default' }));

/** How to ask for each kind that can be asked for on this page, in the order in which they are offered. */
export const WIZARDS: ReadonlyMap<string, KindWizard> = new Map(
  [...found].sort(([, one], [, other]) => one.order - other.order),
);
