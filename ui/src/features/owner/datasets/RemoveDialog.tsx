import { ConfirmDialog } from '@/components/Dialog';
import { Callout } from '@/components/feedback';
import { useMessages } from '@/i18n/messages';
import { type Dataset, useRemoveDataset } from '../api/datasets';
import { messages } from './messages';

/** Ask before a dataset is removed, and say why when it cannot be. */
export function RemoveDialog({
  dataset,
  onClose,
  onRemoved,
}: {
  dataset: Dataset;
  onClose: () => void;
  onRemoved: () => void;
}) {
  const m = useMessages(messages);
  const remove = useRemoveDataset(dataset.dataset_id);
  const jobs = dataset.used_by.map((job) => m.job(job)).join(', ');
  return (
    <ConfirmDialog
      title={m.removeTitle}
      isOpen
      danger
      isConfirmDisabled={jobs !== ''}
      onClose={onClose}
      confirmLabel={m.remove}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onRemoved })}
    >
      {jobs !== '' && <Callout tone="warning">{m.removeInUse(jobs)}</Callout>}
      {jobs === '' && <p>{dataset.uploaded ? m.removeUploaded : m.removeFile(dataset.path)}</p>}
    </ConfirmDialog>
  );
}
