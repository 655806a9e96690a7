import { Problem } from '@/api/problem';
import { ConfirmDialog } from '@/components/Dialog';
import { useMessages } from '@/i18n/messages';
import { useCancelJob } from './api';
import { messages } from './messages';

/** Ask before a job is called off. */
export function CancelDialog({ jobId, onClose }: { jobId: string; onClose: () => void }) {
  const m = useMessages(messages);
  const cancel = useCancelJob(jobId);
  const tooLate = cancel.error instanceof Problem && cancel.error.code === 'conflict';
  return (
    <ConfirmDialog
      title={m.cancelTitle}
      isOpen
      onClose={onClose}
      confirmLabel={m.cancelConfirm}
      danger
      isPending={cancel.isPending}
      error={tooLate ? new Error(m.notCancellable) : cancel.error}
      onConfirm={() => cancel.mutate(undefined, { onSuccess: onClose })}
    >
      <p>{m.cancelText}</p>
    </ConfirmDialog>
  );
}
