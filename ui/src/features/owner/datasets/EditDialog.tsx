import { Button } from '@/components/Button';
import { Dialog } from '@/components/Dialog';
import { ActionError } from '@/components/feedback';
import { common } from '@/components/messages';
import { placeErrors, useDraftForm } from '@/forms/useDraftForm';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { type Dataset, useUpdateDataset } from '../api/datasets';
import styles from './datasets.module.css';
import { DetailsFields, detailsField, detailsOf, useDetailsSchema } from './detailsForm';
import { messages } from './messages';

/** Change name, description and tags. */
export function EditDialog({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  const m = useMessages(messages);
  const c = useMessages(common);
  const inWords = useServiceText();
  const update = useUpdateDataset(dataset.dataset_id);
  const form = useDraftForm({
    schema: useDetailsSchema(),
    defaults: { name: dataset.name, description: dataset.description, tags: dataset.tags.join(', ') },
    draftKey: `edit-dataset-${dataset.dataset_id}`,
  });
  const done = () => {
    form.discardDraft();
    onClose();
  };
  const submit = form.handleSubmit((values) => {
    const details = detailsOf(values);
    update.mutate(
      { ...details, name: details.name || dataset.name },
      { onSuccess: done, onError: (error) => placeErrors(form, error, detailsField, inWords) },
    );
  });
  return (
    <Dialog
      title={m.editTitle}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={done}>{c.cancel}</Button>
          <Button variant="primary" isPending={update.isPending} onPress={() => void submit()}>
            {m.save}
          </Button>
        </>
      }
    >
      <form className={styles.form} noValidate onSubmit={(event) => void submit(event)}>
        <DetailsFields control={form.control} />
        <ActionError error={update.error} />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
