import { Badge, type Tone } from '@/components/feedback';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import type { OfferStatus } from './api/schemas';

const TONES: Record<OfferStatus, Tone> = {
  WAITING: 'neutral',
  READY: 'accent',
  INITIATED: 'info',
  IN_PROGRESS: 'info',
  FINISHED: 'success',
  DECLINED: 'neutral',
  CANCELLED: 'neutral',
  EXPIRED: 'warning',
  FAILED: 'danger',
  MISSED: 'neutral',
};

/** What a job is to this owner. */
export function StatusBadge({ status }: { status: OfferStatus }) {
  const m = useMessages(messages);
  return (
    <Badge tone={TONES[status]} live={status === 'IN_PROGRESS'}>
      {m.status[status]}
    </Badge>
  );
}
