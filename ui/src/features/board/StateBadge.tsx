import { Badge, type Tone } from '@/components/feedback';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import type { JobState } from './schemas';

const TONES: Record<JobState, Tone> = {
  posted: 'neutral',
  recruiting: 'accent',
  running: 'info',
  settling: 'info',
  finished: 'success',
  cancelled: 'neutral',
  expired: 'warning',
  failed: 'danger',
};

/** Where a job stands; blinks while it moves on by itself. */
export function StateBadge({ state }: { state: JobState }) {
  const m = useMessages(messages);
  return (
    <Badge tone={TONES[state]} live={state === 'running' || state === 'settling'}>
      {m.state[state]}
    </Badge>
  );
}
