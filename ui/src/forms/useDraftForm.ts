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
  const [isRestored] = useState(() => draftKey !== undefined && readDraft(storage, draftKey) !== undefined);
  const form = useForm<Values, unknown, Values>({
    // The resolver's types tie input to output, which this hook leaves to the caller.
    resolver: zodResolver(schema as never) as unknown as Resolver<Values>,
    defaultValues: initialValues(defaults, draftKey, storage),
    mode: 'onSubmit',
    reValidateMode: 'onChange',
  });
  const { watch } = form;
  useEffect(() => {
    if (draftKey === undefined) return undefined;
    const subscription = watch((values) => writeDraft(storage, draftKey, values));
    return () => subscription.unsubscribe();
  }, [watch, draftKey, storage]);
  return {
    ...form,
    isRestored,
    discardDraft: () => {
      if (draftKey !== undefined) writeDraft(storage, draftKey, undefined);
    },
  };
}

let owner: string | null = null;

/** Keep drafts for this user from now on, apart from those of others who use this browser; null for nobody. */
export function setDraftOwner(user: string | null): void {
  owner = user;
}

/** What a form keeps under a key; undefined when it keeps nothing. */
export function readDraft(storage: Storage, draftKey: string): unknown {
  return readStored(storage, storageKey(draftKey));
}

/** Have the form with this key start with these values; undefined has it start anew. */
export function writeDraft(storage: Storage, draftKey: string, values: unknown): void {
  store(storage, storageKey(draftKey), values);
}

function storageKey(draftKey: string): string {
  return ['deltaml.draft', draftKey, ...(owner === null ? [] : [owner])].join('.');
}

/**
 * Place what a service refused beside the fields it names.
 *
 * @param form whose fields are named as in the request, or through `rename`.
 * @param rename the form's name for a field of the request; undefined for one that the form does not have.
 * @param inWords puts what the service says into the reader's language (`useServiceText`).
 * @returns whether every error found its field; if not, the error has to be shown above the form too.
 */
export function placeErrors<Values extends FieldValues>(
  form: UseFormReturn<Values>,
  error: unknown,
  rename: (field: string) => Path<Values> | undefined,
  inWords: (text: string, field: string) => string,
): boolean {
  if (!(error instanceof Problem) || error.fieldErrors.length === 0) return false;
  let allPlaced = true;
  for (const { field, message } of error.fieldErrors) {
    const name = rename(field);
    if (name === undefined) allPlaced = false;
    else form.setError(name, { type: 'server', message: inWords(message, field) }, { shouldFocus: true });
  }
  return allPlaced;
}

function initialValues<Values>(
  defaults: DefaultValues<Values>,
  draftKey: string | undefined,
  storage: Storage,
): DefaultValues<Values> {
  const stored = draftKey === undefined ? undefined : readDraft(storage, draftKey);
  return isNested(stored) ? (merge(defaults as Nested, stored) as DefaultValues<Values>) : defaults;
}

type Nested = Readonly<Record<string, unknown>>;

/** What was kept, with the defaults of fields that were not known then. */
function merge(defaults: Nested, stored: Nested): Nested {
  const merged = Object.entries(stored).map(([name, value]) => {
    const before = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
    return [name, isNested(before) && isNested(value) ? merge(before, value) : value];
  });
  return { ...defaults, ...(Object.fromEntries(merged) as Nested) };
}

function isNested(value: unknown): value is Nested {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
