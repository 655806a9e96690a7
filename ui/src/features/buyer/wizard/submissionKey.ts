import { readDraft, writeDraft } from '@/forms/useDraftForm';

const DRAFT_KEY = 'new-job-key';

/** Under which the draft is posted: the same over a reload, so that posting it again makes no second job. */
export function submissionKey(): string {
  const kept = readDraft(localStorage, DRAFT_KEY);
  return typeof kept === 'string' ? kept : renewSubmissionKey();
}

/** Have what is in the draft from now on be posted as a job of its own, and return its key. */
export function renewSubmissionKey(): string {
  // Not randomUUID, which browsers withhold from pages that come without TLS from another machine.
  const drawn = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(drawn, (byte) => byte.toString(16).padStart(2, '0')).join('');
  writeDraft(localStorage, DRAFT_KEY, key);
  return key;
}
