import { zodResolver } from '@hookform/resolvers/zod';
import { useEffect, useState } from 'react';
import {
  type DefaultValues,
  type FieldValues,
  type Path,
  type Resolver,
  useForm,
  type UseFormReturn,
} from 'react-hook-form';
import type * as z from 'zod/mini';
import { Problem } from '@/api/problem';
import { readStored, store } from '@/app/storage';

interface DraftFormOptions<Values extends FieldValues> {
  /** Checks what is typed; its messages are in the reader's language, so make it with them (`useMemo`). */
  schema: z.ZodMiniType<unknown, Values>;
  defaults: DefaultValues<Values>;
  /** Under which key of the browser's storage what is typed is kept; without one it is not kept. */
  draftKey?: string;
  /** `localStorage` outlives the window. */
  storage?: Storage;
}

export interface DraftForm<Values extends FieldValues> extends UseFormReturn<Values, unknown, Values> {
  /** Whether what is in the form was kept from before. */
  isRestored: boolean;
  /** Forget what was kept: call it once the form has done its work. */
  discardDraft: () => void;
}

/** A form whose contents survive a reload, checked field by field after the first attempt to send it. */
export function useDraftForm<Values extends FieldValues>(options: DraftFormOptions<Values>): DraftForm<Values> {
  const { schema, defaults, draftKey, storage = sessionStorage } = options;
  const key = draftKey && `deltaml.draft.${draftKey}`;
  const [isRestored] = useState(() => key !== undefined && key !== '' && readStored(storage, key) !== undefined);
  const form = useForm<Values, unknown, Values>({
    // The resolver's types tie input to output, which this hook leaves to the caller.
    resolver: zodResolver(schema as never) as unknown as Resolver<Values>,
    defaultValues: initialValues(defaults, key, storage),
    mode: 'onSubmit',
    reValidateMode: 'onChange',
  });
  const { watch } = form;
  useEffect(() => {
    if (!key) return undefined;
    const subscription = watch((values) => store(storage, key, values));
    return () => subscription.unsubscribe();
  }, [watch, key, storage]);
  return {
    ...form,
    isRestored,
    discardDraft: () => {
      if (key) store(storage, key, undefined);
    },
  };
}

/**
 * Place what a service refused beside the fields it names.
 *
 * @param form whose fields are named as in the request, or through `rename`.
 * @param rename the form's name for a field of the request; undefined for one that the form does not have.
 * @returns whether every error found its field; if not, the error has to be shown above the form too.
 */
export function placeErrors<Values extends FieldValues>(
  form: UseFormReturn<Values>,
  error: unknown,
  rename: (field: string) => Path<Values> | undefined,
): boolean {
  if (!(error instanceof Problem) || error.fieldErrors.length === 0) return false;
  let allPlaced = true;
  for (const { field, message } of error.fieldErrors) {
    const name = rename(field);
    if (name === undefined) allPlaced = false;
    else form.setError(name, { type: 'server', message: withoutField(message, field) }, { shouldFocus: true });
  }
  return allPlaced;
}

function initialValues<Values>(
  defaults: DefaultValues<Values>,
  key: string | undefined,
  storage: Storage,
): DefaultValues<Values> {
  const stored = key ? readStored(storage, key) : undefined;
  return typeof stored === 'object' ? { ...defaults, ...stored } : defaults;
}

/** Services name the field at the start of a sentence; beside the field it says nothing new. */
function withoutField(message: string, field: string): string {
  const text = message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
