import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { unixSeconds, wei } from '@/api/schemas';

const chain = z.object({
  ok: z.boolean(),
  chain_id: z.number(),
  block_number: z.nullable(z.number()),
  block_time: z.nullable(unixSeconds),
  contract_address: z.string(),
  aggregator_address: z.string(),
  job_count: z.nullable(z.number()),
  escrowed_wei: z.nullable(wei),
});

/** The chain as the aggregator's node shows it. */
export type Chain = z.output<typeof chain>;

const part = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() });

/** A part of the platform, and what is wrong with it or going on. */
export type Part = z.output<typeof part>;

const overview = z.object({
  version: z.string(),
  chain,
  parts: z.array(part),
  jobs: z.record(z.string(), z.number()),
  datasets: z.number(),
  participants: z.record(z.string(), z.number()),
  explorer_url: z.nullable(z.string()),
});

/** How the platform is, and how much there is of everything. */
export type Overview = z.output<typeof overview>;

const overviewOptions = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => call(overview, '/v1/board', { signal }),
});

/** The state of the platform, kept up to date. */
export function useOverview() {
  const [interval] = useState(poll);
  return useQuery({ ...overviewOptions, refetchInterval: interval });
}

/** Where transactions can be looked up, if there is such a place; asked once. */
export function useExplorerUrl(): string | null | undefined {
  return useQuery({ ...overviewOptions, staleTime: Infinity, select: (data) => data.explorer_url }).data;
}
