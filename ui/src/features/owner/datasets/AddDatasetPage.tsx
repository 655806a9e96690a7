import { useEffect, useMemo, useRef, useState } from 'react';
import { useWatch } from 'react-hook-form';
import { Link, useNavigate } from 'react-router';
import * as z from 'zod/mini';
import { Problem } from '@/api/problem';
import { Button } from '@/components/Button';
import { ActionError, Callout } from '@/components/feedback';
import { FileDrop } from '@/components/FileDrop';
import { RadioField } from '@/components/fields';
import { Card, PageHeader, Row } from '@/components/layout';
import { FormTextField } from '@/forms/FormField';
import { placeErrors, useDraftForm } from '@/forms/useDraftForm';
import { formatBytes } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
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
  const inWords = useServiceText();

  const placeError = (error: Error) => {
    const ofFile = error instanceof Problem && error.fieldErrors.find(({ field }) => field === 'file');
    if (ofFile) setFileError(inWords(ofFile.message, 'file'));
    else if (existing(error) === undefined) placeErrors(form, error, formField, inWords);
  };
  const chooseFile = (chosen: File) => {
    const fits = ENDINGS.some((ending) => chosen.name.toLowerCase().endsWith(ending));
    setFile(fits ? chosen : null);
    setFileError(fits ? undefined : m.fileKind);
    add.reset();
  };
  const submit = form.handleSubmit(async (values) => {
    const wrong = values.where === 'upload' ? await fileFault(file) : undefined;
    setFileError(wrong && m[wrong]);
    if (wrong) return;
    const source: Source = values.where === 'path' || file === null ? { path: values.path.trim() } : { file };
    add.mutate(
      { source, details: detailsOf(values) },
      {
        onSuccess: (added) => {
          form.discardDraft();
          void navigate(`/datasets/${added.dataset_id}`);
        },
        onError: placeError,
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
          <Existing datasetId={existing(add.error)} />
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

/** What keeps a chosen file from being sent: the browser does not give it once it has changed or gone. */
async function fileFault(file: File | null): Promise<'fileMissing' | 'fileChanged' | undefined> {
  if (file === null) return 'fileMissing';
  return file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => undefined,
      () => 'fileChanged',
    );
}

/** The form's name for a field of the request. */
function formField(field: string) {
  return field === 'path' ? field : detailsField(field);
}

/** The dataset that the file was added as before. */
function existing(error: unknown): string | undefined {
  const id = error instanceof Problem ? error.fields.dataset_id : undefined;
  return typeof id === 'string' ? id : undefined;
}

function FileChoice(props: {
  file: File | null;
  error: string | undefined;
  isDisabled: boolean;
  onFile: (file: File) => void;
}) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The button that sends the form is far below, out of sight of the error on a small screen.
    if (props.error !== undefined && !props.isDisabled) {
      [...(place.current?.querySelectorAll('button') ?? [])].at(-1)?.focus();
    }
  }, [props.error, props.isDisabled]);
  return (
    <div ref={place} className={styles.file}>
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
    </div>
  );
}

function Existing({ datasetId }: { datasetId: string | undefined }) {
  const m = useMessages(messages);
  if (datasetId === undefined) return null;
  return (
    <Callout tone="warning" actions={<Link to={`/datasets/${datasetId}`}>{m.showExisting}</Link>}>
      {m.exists}
    </Callout>
  );
}

/** What is wrong and belongs to no field that is shown. */
function AddError({ error, isUpload }: { error: unknown; isUpload: boolean }) {
  if (existing(error) !== undefined) return null;
  const beside = error instanceof Problem ? error.fieldErrors : [];
  const isShown = (field: string) => detailsField(field) !== undefined || field === (isUpload ? 'file' : 'path');
  return beside.length > 0 && beside.every(({ field }) => isShown(field)) ? null : <ActionError error={error} />;
}
