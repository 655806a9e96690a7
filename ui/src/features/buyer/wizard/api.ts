import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { Problem } from '@/api/problem';
import { jobSpec, learnt, type PayTerms, payRule, wei } from '@/api/schemas';
import { jobSummary } from '../schemas';
import type { JobRequest } from './values';

const checkedJob = z.object({
  problems: z.array(z.object({ code: z.string(), message: z.string(), field: z.nullable(z.string()) })),
  spec: z.nullable(jobSpec),
  key_bits: z.nullable(z.number()),
  funds: z.nullable(
    z.object({
      deposit_wei: wei,
      posting_fee_wei: wei,
      balance_wei: wei,
      promised_wei: wei,
      missing_wei: wei,
    }),
  ),
  unavailable_reason: z.nullable(z.string()),
  learns: z.array(learnt),
  pay_rule: z.nullable(payRule),
});

/** What the service found about a job, with everything filled in that was left open. */
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

/** What posting a checked job would be refused with. */
export function refusalsOf({ problems, funds }: CheckedJob): Problem[] {
  return problems.map(({ code, message, field }) => {
    const isAboutMoney = code === 'conflict' && field === 'deposit_wei';
    const fields = { ...(field !== null && { field }), ...(isAboutMoney && { missing_wei: funds?.missing_wei }) };
    return new Problem(422, code, message, fields);
  });
}

/** Whether the job could be posted as it is, under this key; nothing is stored. `null` asks nothing. */
export function useCheckedJob(request: JobRequest | null, key: string) {
  return useQuery({
    queryKey: ['jobs', 'check', request, key],
    queryFn: ({ signal }) =>
      call(checkedJob, '/v1/jobs/check', { method: 'POST', json: request, headers: keyHeader(key), signal }),
    enabled: request !== null,
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

/** A job to post; the same key again makes no second job, and with another request it is refused. */
interface Submission {
  request: JobRequest;
  key: string;
}

/** Post a job. */
export function usePostJob() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ request, key }: Submission) =>
      call(jobSummary, '/v1/jobs', { method: 'POST', json: request, headers: keyHeader(key) }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['jobs', 'list'] }),
  });
}

function keyHeader(key: string): Record<string, string> {
  return { 'Idempotency-Key': `"${key}"` };
}

export interface SplitQuestion {
  depositWei: bigint;
  owners: number;
  kind: string;
  improvementPercent: number;
  /** Null for what the kind has fixed. */
  pay: PayTerms | null;
}

/** How a deposit would be split, by the contract's rule. `null` asks nothing. */
export function useSplitPreview(question: SplitQuestion | null) {
  const query = question && {
    deposit_wei: question.depositWei.toString(),
    owners: question.owners,
    kind: question.kind,
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
