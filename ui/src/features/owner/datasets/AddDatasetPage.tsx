import { useMemo, useState } from 'react';
import { useWatch } from 'react-hook-form';
import { Link, useNavigate } from 'react-router';
import * as z from 'zod/mini';
import { Problem } from '@/api/problem';
import { Button } from '@/components/Button';
import { ActionError, Callout } from '@/components/feedback';
import { FileDrop } from '@/components/FileDrop';
import { RadioField } from '@/components/fields';
import { Card, PageHeader, Row, Stack } from '@/components/layout';
import { FormTextField } from '@/forms/FormField';
import { placeErrors, useDraftForm } from '@/forms/useDraftForm';
import { formatBytes } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { type Source, useAddDataset } from '../api/datasets';
import styles from './datasets.module.css';
import { DetailsFields, detailsField, detailsOf, useDetailsSchema } from './detailsForm';
import { messages } from './messages';

const ENDINGS = ['.csv', '.parquet'];

function useAddSchema() {
  const m = useMessages(messages);
  const details = useDetailsSchema();
  return useMemo(
    () =>
      z.extend(details, { where: z.enum(['upload', 'path']), path: z.string() }).check(
        z.refine((values) => values.where === 'upload' || values.path.trim() !== '', {
          path: ['path'],
          error: m.pathMissing,
        }),
        z.refine(
          (values) => values.where === 'upload' || values.path.trim() === '' || values.path.trim().startsWith('/'),
          {
            path: ['path'],
            error: m.pathRelative,
          },
        ),
      ),
    [details, m],
  );
}

/** Add a file, from the reader's computer or from the machine of the service. */
export function AddDatasetPage() {
  const m = useMessages(messages);
  const navigate = useNavigate();
  const schema = useAddSchema();
  const form = useDraftForm({
    schema,
    defaults: { where: 'upload', path: '', name: '', description: '', tags: '' },
    draftKey: 'add-dataset',
  });
  const where = useWatch({ control: form.control, name: 'where' });
  const [file, setFile] = useState<File | null>(null);
  const [fileError, setFileError] = useState<string>();
  const add = useAddDataset();

  const chooseFile = (chosen: File) => {
    const fits = ENDINGS.some((ending) => chosen.name.toLowerCase().endsWith(ending));
    setFile(fits ? chosen : null);
    setFileError(fits ? undefined : m.fileKind);
    add.reset();
  };
  const submit = form.handleSubmit((values) => {
    if (values.where === 'upload' && file === null) {
      setFileError(m.fileMissing);
      return;
    }
    const source: Source = values.where === 'path' || file === null ? { path: values.path.trim() } : { file };
    add.mutate(
      { source, details: detailsOf(values) },
      {
        onSuccess: (added) => {
          form.discardDraft();
          void navigate(`/datasets/${added.dataset_id}`);
        },
        onError: (error) => placeErrors(form, error, (field) => (field === 'path' ? 'path' : detailsField(field))),
      },
    );
  });

  return (
    <>
      <PageHeader title={m.addTitle} back={{ to: '/datasets', label: m.back }} />
      <Card>
        <form className={styles.form} noValidate onSubmit={(event) => void submit(event)}>
          <RadioField
            label={m.sourceLabel}
            orientation="horizontal"
            value={where}
            onChange={(value) =>
              form.setValue('where', value === 'path' ? 'path' : 'upload', {
                shouldValidate: form.formState.isSubmitted,
              })
            }
            options={[
              { value: 'upload', label: m.upload },
              { value: 'path', label: m.byPath },
            ]}
          />
          {form.isRestored && where === 'upload' && file === null && <Callout tone="info">{m.fileAgain}</Callout>}
          {where === 'path' ? (
            <FormTextField
              control={form.control}
              name="path"
              label={m.path}
              description={m.pathHelp}
              monospace
              spellCheck="false"
            />
          ) : (
            <FileChoice file={file} error={fileError} isDisabled={add.isPending} onFile={chooseFile} />
          )}
          <DetailsFields control={form.control} />
          <AddError error={add.error} isUpload={where === 'upload'} />
          <Row>
            <Button type="submit" variant="primary" isPending={add.isPending}>
              {add.isPending ? m.reading : m.addSubmit}
            </Button>
          </Row>
        </form>
      </Card>
    </>
  );
}

function FileChoice(props: {
  file: File | null;
  error: string | undefined;
  isDisabled: boolean;
  onFile: (file: File) => void;
}) {
  const m = useMessages(messages);
  const { format } = useLocale();
  return (
    <Stack gap={2}>
      <FileDrop
        accept={ENDINGS}
        hint={m.fileHint}
        error={props.error}
        isDisabled={props.isDisabled}
        onFile={props.onFile}
      />
      {props.file && (
        <p className={styles.chosen} role="status">
          {m.chosen(props.file.name, formatBytes(props.file.size, format))}
        </p>
      )}
    </Stack>
  );
}

function AddError({ error, isUpload }: { error: unknown; isUpload: boolean }) {
  const m = useMessages(messages);
  if (error instanceof Problem && typeof error.fields.dataset_id === 'string') {
    return (
      <Callout tone="warning" actions={<Link to={`/datasets/${error.fields.dataset_id}`}>{m.showExisting}</Link>}>
        {m.exists}
      </Callout>
    );
  }
  const beside = error instanceof Problem ? error.fieldErrors : [];
  const shownBeside =
    beside.length > 0 && beside.every(({ field }) => detailsField(field) ?? (field === 'path' && !isUpload));
  return shownBeside ? null : <ActionError error={error} />;
}
