import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { unixSeconds, wei } from '@/api/schemas';
import { datasetMatch, offer, offerRow, type OfferStatus } from './schemas';

const offerList = z.object({
  offers: z.array(offerRow),
  total: z.number(),
  counts: z.record(z.string(), z.number()),
  stale_reason: z.nullable(z.string()),
});

const terms = z.object({
  chain_id: z.number(),
  contract_address: z.string(),
  job_id: z.number(),
  owner: z.string(),
  spec_digest: z.string(),
  key_digest: z.string(),
  key_bits: z.number(),
  roles: z.number(),
  deposit_wei: wei,
  trainer_bps: z.number(),
  validator_bps: z.number(),
  aggregator_bps: z.number(),
  deadline: unixSeconds,
});

/** What accepting signs. */
export type Terms = z.output<typeof terms>;

const splitPreview = z.object({
  trainers: z.number(),
  validators: z.number(),
  trainer_each_wei: wei,
  validator_each_wei: wei,
  aggregator_wei: wei,
  refund_wei: wei,
});

/** How a deposit would be split. */
export type SplitPreview = z.output<typeof splitPreview>;

export interface OfferFilter {
  status: OfferStatus | null;
  query: string;
  limit: number;
  offset: number;
}

/** What a job is accepted with; `roles` 1 trains, 2 validates, 3 is for either. */
export interface Choice {
  dataset_id: string;
  roles: number;
  column_mapping: Record<string, string>;
  /** Codes of what is agreed to beside the terms. */
  consents: readonly string[];
}

export const OFFERS_KEY = ['offers'] as const;

const path = (jobId: string | number) => `/v1/offers/${jobId}`;

/** One page of the jobs on offer, newest first; goes on asking. */
export function useOffers(filter: OfferFilter) {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: [...OFFERS_KEY, 'list', filter],
    queryFn: ({ signal }) =>
      call(offerList, '/v1/offers', { query: { ...filter, status: filter.status ?? undefined }, signal }),
    refetchInterval: interval,
    placeholderData: keepPreviousData,
  });
}

/** One job; goes on asking. */
export function useOffer(jobId: string) {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: [...OFFERS_KEY, jobId],
    queryFn: ({ signal }) => call(offer, path(jobId), { signal }),
    refetchInterval: interval,
  });
}

/** What accepting would sign, once the service has compared the terms with the chain. */
export function useTerms(jobId: number, roles: number) {
  return useQuery({
    queryKey: [...OFFERS_KEY, jobId, 'terms', roles],
    queryFn: ({ signal }) => call(terms, `${path(jobId)}/terms`, { query: { roles }, signal }),
    staleTime: 0,
  });
}

/** How a deposit is split when training improves the error by so many percent. */
export function useSplitPreview(query: Record<string, string | number>) {
  return useQuery({
    queryKey: ['split-preview', query],
    queryFn: ({ signal }) => call(splitPreview, '/v1/split-preview', { query, signal }),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}

/** See whether a dataset fits a job with its columns under other names. */
export function useCheckMapping(jobId: number) {
  return useMutation({
    mutationFn: (mapping: Pick<Choice, 'dataset_id' | 'column_mapping'>) =>
      call(datasetMatch, `${path(jobId)}/match`, { method: 'POST', json: mapping }),
  });
}

/** Sign a job's terms and hand them in. */
export function useAccept(jobId: number) {
  return useDecision((choice: Choice) => call(offer, `${path(jobId)}/accept`, { method: 'POST', json: choice }));
}

/** Say no to a job. */
export function useDecline(jobId: number) {
  return useDecision(() => call(offer, `${path(jobId)}/decline`, { method: 'POST', json: {} }));
}

/** Take an acceptance back before the job starts. */
export function useTakeBack(jobId: number) {
  return useDecision((revokeOnChain: boolean) =>
    call(offer, `${path(jobId)}/withdraw`, { method: 'POST', json: { revoke_on_chain: revokeOnChain } }),
  );
}

function useDecision<Variables>(mutationFn: (variables: Variables) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => client.invalidateQueries({ queryKey: OFFERS_KEY }) });
}
