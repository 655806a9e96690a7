import { QueryView } from '@/components/feedback';
import { Card, Muted, Stack } from '@/components/layout';
import { fileName } from '@/files/download';
import { useMessages } from '@/i18n/messages';
import { JsonView } from './JsonView';
import type { ResultProps } from './kind';
import { messages } from './messages';
import { outcomeUrl, useOutcome } from './outcome';

/** The outcome of a job whose kind has no view of its own. */
export function GenericResult({ jobId, title }: ResultProps) {
  const m = useMessages(messages);
  const outcome = useOutcome(jobId);
  return (
    <Card title={m.result} actions={outcome.isSuccess && <JsonLink jobId={jobId} title={title} />}>
      <QueryView query={outcome}>
        {(data) => (
          <Stack gap={3}>
            <Muted>{m.resultHelp}</Muted>
            <JsonView value={data} />
          </Stack>
        )}
      </QueryView>
    </Card>
  );
}

/** A link that gives the outcome as a file. */
export function JsonLink({ jobId, title }: { jobId: string; title: string }) {
  const m = useMessages(messages);
  return (
    <a href={outcomeUrl(jobId)} download={fileName(title, '.json')}>
      {m.downloadJson}
    </a>
  );
}
