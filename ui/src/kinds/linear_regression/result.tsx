import { Callout } from '@/components/feedback';
import { useMessages } from '@/i18n/messages';
import type { ResultProps } from '../kind';
import { messages } from './messages';
import { ModelCard } from './model/ModelCard';

/** The model, and a warning where training did it no good. */
export default function Result({ jobId, title, improvementPercent }: ResultProps) {
  const m = useMessages(messages);
  return (
    <>
      {(improvementPercent ?? 0) < 0 && (
        <Callout tone="warning" title={m.worseModel}>
          {m.worseModelText}
        </Callout>
      )}
      <ModelCard jobId={jobId} title={title} />
    </>
  );
}
