import { Badge, type Tone } from '@/components/feedback';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import { ENDED, type JobStatus } from './schemas';

const TONES: Record<JobStatus, Tone> = {
  draft: 'neutral',
  escrowing: 'neutral',
  escrowed: 'neutral',
  recruiting: 'accent',
  training: 'info',
  settling: 'info',
  unmasking: 'info',
  finished: 'success',
  cancelled: 'neutral',
  expired: 'warning',
  failed: 'danger',
};

/** Where a job stands; blinks while it moves on by itself. */
export function StatusBadge({ status }: { status: JobStatus }) {
  const m = useMessages(messages);
  return (
    <Badge tone={TONES[status]} live={!ENDED.includes(status)}>
      {m.status[status]}
    </Badge>
  );
}
