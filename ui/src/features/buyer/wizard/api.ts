import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { type PayTerms, wei } from '@/api/schemas';
import { jobSpec, jobSummary } from '../schemas';
import type { JobRequest } from './values';

const checkedJob = z.object({
  spec: jobSpec,
  key_bits: z.number(),
  deposit_wei: wei,
  posting_fee_wei: wei,
  balance_wei: wei,
  promised_wei: wei,
});

/** A job that could be posted now, with everything filled in that was left open. */
export type CheckedJob = z.output<typeof checkedJob>;

const splitPreview = z.object({
  trainers: z.number(),
  validators: z.number(),
  trainer_pool_wei: wei,
  trainer_each_wei: wei,
  validator_each_wei: wei,
  aggregator_wei: wei,
  refund_wei: wei,
});

/** How a deposit would be split among owners that contribute alike. */
export type SplitPreview = z.output<typeof splitPreview>;

/** Whether the job could be posted as it is; nothing is stored. `null` asks nothing. */
export function useCheckedJob(request: JobRequest | null) {
  return useQuery({
    queryKey: ['jobs', 'check', request],
    queryFn: ({ signal }) => call(checkedJob, '/v1/jobs/check', { method: 'POST', json: request, signal }),
    enabled: request !== null,
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

/** Post a job. */
export function usePostJob() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: JobRequest) => call(jobSummary, '/v1/jobs', { method: 'POST', json: request }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['jobs', 'list'] }),
  });
}

export interface SplitQuestion {
  depositWei: bigint;
  owners: number;
  improvementPercent: number;
  pay: PayTerms;
}

/** How a deposit would be split, by the contract's rule. `null` asks nothing. */
export function useSplitPreview(question: SplitQuestion | null) {
  const query = question && {
    deposit_wei: question.depositWei.toString(),
    owners: question.owners,
    improvement_percent: question.improvementPercent,
    ...question.pay,
  };
  return useQuery({
    queryKey: ['split-preview', query],
    queryFn: ({ signal }) => call(splitPreview, '/v1/split-preview', { query: query ?? {}, signal }),
    enabled: query !== null,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}
