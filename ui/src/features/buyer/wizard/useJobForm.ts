import { useEffect, useMemo, useState } from 'react';
import type { FieldErrors, Path } from 'react-hook-form';
import * as z from 'zod/mini';
import { Problem } from '@/api/problem';
import { type DraftForm, placeErrors, useDraftForm } from '@/forms/useDraftForm';
import { formatEther } from '@/format/amount';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { pathOf } from '@/kinds/wizard';
import { DRAFT_KEY } from './fromJob';
import { messages } from './messages';
import { fieldOf } from './places';
import { findProblems } from './problems';
import { renewSubmissionKey, submissionKey } from './submissionKey';
import { DEFAULTS, type JobValues, wizardOf } from './values';

export interface JobForm extends DraftForm<JobValues> {
  /** Under which the job is posted: the same, whatever is changed in the form. */
  submissionKey: string;
  /** Have the form be posted as another job than what was posted from it before, and return the new key. */
  renewSubmissionKey: () => string;
}

/** What is wrong with a field of the form, given by its path. */
export interface FormProblem {
  path: Path<JobValues>;
  message: string;
}

/** The form of a new job, kept in this browser until it is discarded. What is wrong is looked at again with every key. */
export function useJobForm(): JobForm {
  const { locale } = useLocale();
  const schema = useMemo(
    () =>
      z.custom<JobValues>().check((context) => {
        for (const { path, message } of findProblems(context.value, locale)) {
          context.issues.push({ code: 'custom', input: context.value, path, message });
        }
      }),
    [locale],
  );
  const form = useDraftForm<JobValues>({ schema, defaults: DEFAULTS, draftKey: DRAFT_KEY, storage: localStorage });
  const [key, setKey] = useState(submissionKey);
  const { watch, trigger } = form;
  const { errors } = form.formState;
  useEffect(() => {
    const subscription = watch(() => {
      const wrong = listProblems(errors).map(({ path }) => path);
      if (wrong.length > 0) void trigger(wrong);
    });
    return () => subscription.unsubscribe();
  }, [watch, trigger, errors]);
  return {
    ...form,
    submissionKey: key,
    renewSubmissionKey: () => {
      const renewed = renewSubmissionKey();
      setKey(renewed);
      return renewed;
    },
    discardDraft: () => {
      form.discardDraft();
      // For the next form only: pressed once more while this one is being left, it must not post a second job.
      renewSubmissionKey();
    },
  };
}

/** All errors of a form, in a flat list. */
export function listProblems(errors: FieldErrors<JobValues>): FormProblem[] {
  return flatten(errors, '').map(({ path, message }) => ({ path: path as Path<JobValues>, message }));
}

/** Place a refusal of the service beside the fields it is about; says whether all of it found a field. */
export function usePlaceProblem(form: JobForm): (error: unknown) => boolean {
  const m = useMessages(messages);
  const { locale, format } = useLocale();
  const inWords = useServiceText();
  return (error) => {
    if (error instanceof Problem && typeof error.fields.missing_wei === 'string') {
      const missing = formatEther(BigInt(error.fields.missing_wei), format);
      form.setError('deposit', { type: 'server', message: m.notEnough(missing) });
      return true;
    }
    const kind = form.getValues('kind');
    const { headroom } = wizardOf(kind);
    if (error instanceof Problem && error.code === 'headroom_exceeded' && headroom) {
      const path = pathOf(kind, headroom.field) as Path<JobValues>;
      form.setError(path, { type: 'server', message: headroom.text[locale] });
      return true;
    }
    return placeErrors(form, error, (field) => fieldOf(field, kind), inWords);
  };
}

function flatten(node: object, path: string): { path: string; message: string }[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value !== 'object' || value === null) return [];
    // Errors of a list as a whole stand under `root`.
    const here = key === 'root' ? path : path === '' ? key : `${path}.${key}`;
    if ('message' in value && typeof value.message === 'string') return [{ path: here, message: value.message }];
    return flatten(value, here);
  });
}
