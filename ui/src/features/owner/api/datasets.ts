import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call, nothing } from '@/api/client';
import { poll } from '@/api/polling';
import { unixSeconds } from '@/api/schemas';

const unusableCell = z.object({ row: z.number(), text: z.string(), expected: z.string() });

const column = z.object({
  name: z.string(),
  type: z.enum(['empty', 'boolean', 'integer', 'number', 'text']),
  minimum: z.nullable(z.number()),
  maximum: z.nullable(z.number()),
  missing_count: z.number(),
  first_missing_row: z.nullable(z.number()),
  unusable_count: z.number(),
  unusable: z.nullable(unusableCell),
  is_numeric: z.boolean(),
});

/** A column of a dataset with its range, its gaps, and the first cell that is no number. */
export type Column = z.output<typeof column>;

const dataset = z.object({
  dataset_id: z.string(),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  path: z.string(),
  uploaded: z.boolean(),
  row_count: z.number(),
  added_at: unixSeconds,
  listing: z.string(),
  listing_note: z.string(),
  used_by: z._default(z.array(z.number()), []),
  columns: z.array(column),
});

/** A file of this owner's. */
export type Dataset = z.output<typeof dataset>;

/** What is said of a dataset. */
export interface Details {
  name: string;
  description: string;
  tags: string[];
}

/** A file to add: itself, or where it lies on the machine of the service. */
export type Source = { file: File } | { path: string };

const datasetList = z.object({ datasets: z.array(dataset) });

const histograms = z.object({
  histograms: z.array(z.object({ column: z.string(), edges: z.array(z.number()), counts: z.array(z.number()) })),
});

/** How many of a column's cells lie in each of the intervals between `edges`. */
export type Histogram = z.output<typeof histograms>['histograms'][number];

const KEY = ['datasets'] as const;

/** All datasets. */
export function useDatasets() {
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => call(datasetList, '/v1/datasets', { signal }) });
}

/** States of the public catalogue's entry that pass by themselves. */
const PASSING = ['pending', 'removing'];

/** One dataset; goes on asking while the public catalogue is being told of it. */
export function useDataset(id: string) {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: [...KEY, id],
    queryFn: ({ signal }) => call(dataset, `/v1/datasets/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: (query) => (PASSING.includes(query.state.data?.listing ?? '') ? interval(query) : false),
  });
}

/** Counts of the values of each column, taken from the file by the service on this machine. */
export function useHistograms(id: string, columns: readonly string[]) {
  return useQuery({
    queryKey: [...KEY, id, 'histograms', columns],
    queryFn: ({ signal }) =>
      call(histograms, `/v1/datasets/${encodeURIComponent(id)}/histograms`, {
        query: { bins: 20, column: columns },
        signal,
      }),
    staleTime: Infinity,
    enabled: columns.length > 0,
  });
}

/** Add a file. */
export function useAddDataset() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ source, details }: { source: Source; details: Details }) =>
      call(dataset, '/v1/datasets', addition(source, details)),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

/** Change name, description and tags. */
export function useUpdateDataset(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (details: Details) =>
      call(dataset, `/v1/datasets/${encodeURIComponent(id)}`, { method: 'PATCH', json: details }),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

/** Forget a dataset; a file that was added by its path stays. */
export function useRemoveDataset(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call(nothing, `/v1/datasets/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSuccess: () => {
      client.removeQueries({ queryKey: [...KEY, id] });
      return client.invalidateQueries({ queryKey: KEY, exact: true });
    },
  });
}

function addition(source: Source, details: Details) {
  if ('path' in source) {
    return { method: 'POST' as const, json: { path: source.path, ...withoutEmptyName(details) } };
  }
  const form = new FormData();
  form.set('file', source.file);
  if (details.name) form.set('name', details.name);
  form.set('description', details.description);
  form.set('tags', details.tags.join(','));
  return { method: 'POST' as const, body: form };
}

/** Without a name the service takes the file's. */
function withoutEmptyName({ name, ...rest }: Details): Partial<Details> {
  return name ? { name, ...rest } : rest;
}
