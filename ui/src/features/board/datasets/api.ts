import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { unixSeconds } from '@/api/schemas';
import { PAGE_SIZE } from '@/components/lists';

const dataset = z.object({
  dataset_id: z.string(),
  owner: z.string(),
  owner_name: z.nullable(z.string()),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  row_count: z.number(),
  updated_at: unixSeconds,
});

/** What an owner says of a dataset; nothing of its values. */
export type Dataset = z.output<typeof dataset>;

const datasetList = z.object({
  datasets: z.array(dataset),
  total: z.number(),
  tags: z.array(z.object({ tag: z.string(), count: z.number() })),
});

/** A tag and how many of the found datasets have it. */
export type TagCount = z.output<typeof datasetList>['tags'][number];

interface DatasetFilter {
  query: string;
  /** A dataset must have all of them. */
  tags: readonly string[];
  offset: number;
}

/** Some datasets of the catalogue, kept up to date. */
export function useDatasets({ query, tags, offset }: DatasetFilter) {
  const [interval] = useState(poll);
  const parameters = { query, tag: tags, limit: PAGE_SIZE, offset };
  return useQuery({
    queryKey: ['datasets', parameters],
    queryFn: ({ signal }) => call(datasetList, '/v1/board/datasets', { query: parameters, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: interval,
  });
}
