import { useMemo } from 'react';
import type { Control } from 'react-hook-form';
import * as z from 'zod/mini';
import { FormTextField } from '@/forms/FormField';
import { useMessages } from '@/i18n/messages';
import type { Details } from '../api/datasets';
import { messages } from './messages';

const MOST_TAGS = 50;
const LONGEST_TAG = 100;

/** What is said of a dataset, as it is typed. */
export interface DetailsValues {
  name: string;
  description: string;
  tags: string;
}

/** The checks of these fields, with messages in the reader's language. */
export function useDetailsSchema() {
  const m = useMessages(messages);
  return useMemo(
    () =>
      z.object({
        name: z.string().check(z.maxLength(200, m.nameTooLong)),
        description: z.string().check(z.maxLength(5000, m.descriptionTooLong)),
        tags: z.string().check(
          z.refine((text) => {
            const tags = splitTags(text);
            return tags.length <= MOST_TAGS && tags.every((tag) => tag.length <= LONGEST_TAG);
          }, m.tagsTooMany),
        ),
      }),
    [m],
  );
}

/** What was typed, as the service takes it. */
export function detailsOf(values: DetailsValues): Details {
  return { name: values.name.trim(), description: values.description.trim(), tags: splitTags(values.tags) };
}

/** Name, description and tags. */
export function DetailsFields<Values extends DetailsValues>({ control }: { control: Control<Values> }) {
  const m = useMessages(messages);
  const bound = control as unknown as Control<DetailsValues>;
  return (
    <>
      <FormTextField control={bound} name="name" label={m.name} description={m.nameHelp} optional />
      <FormTextField
        control={bound}
        name="description"
        label={m.description}
        description={m.descriptionHelp}
        rows={3}
        optional
      />
      <FormTextField control={bound} name="tags" label={m.tags} description={m.tagsHelp} optional />
    </>
  );
}

/** The form's name for a field of the service's refusal. */
export function detailsField(field: string): keyof DetailsValues | undefined {
  const [first] = field.split('.');
  return first === 'name' || first === 'description' || first === 'tags' ? first : undefined;
}

function splitTags(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
}
