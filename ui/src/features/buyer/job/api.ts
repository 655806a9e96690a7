import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { Problem } from '@/api/problem';
import { jobSpec, learnt, msePoint, payRule, unixSeconds, waitingFor, wei } from '@/api/schemas';
import { ENDED, jobSummary } from '../schemas';

export const MILESTONES = [
  'posted',
  'escrowed',
  'offered',
  'started',
  'checkpoint',
  'delivered',
  'settled',
  'finished',
  'cancelled',
  'expired',
  'failed',
] as const;

const milestone = z.object({
  code: z.enum(MILESTONES),
  at: z.nullable(unixSeconds),
  tx_hash: z.nullable(z.string()),
  round: z.nullable(z.number()),
});

/** Something that has happened to a job. */
export type Milestone = z.output<typeof milestone>;

const participant = z.object({
  address: z.string(),
  role: z.enum(['trainer', 'validator']),
  share: z.nullable(z.number()),
  pay_wei: z.nullable(wei),
});

/** A data owner in a job, with its pay so far. */
export type Participant = z.output<typeof participant>;

const transaction = z.object({
  id: z.string(),
  description: z.string(),
  state: z.enum(['pending', 'mined', 'failed']),
  tx_hash: z.nullable(z.string()),
  reason: z.nullable(z.string()),
});

/** A transaction of this buyer for a job. */
export type Transaction = z.output<typeof transaction>;

const live = z.object({
  state: z.string(),
  round: z.number(),
  owners: z.array(z.object({ address: z.string(), row_count: z.nullable(z.number()), out: z.nullable(z.string()) })),
  waiting_for: z.nullable(waitingFor),
  reason: z.nullable(z.string()),
});

const jobDetail = z.extend(jobSummary, {
  spec: jobSpec,
  pay_rule: payRule,
  learns: z.array(learnt),
  key_bits: z.number(),
  cost_so_far_wei: z.nullable(wei),
  checkpoints: z.array(msePoint),
  participants: z.array(participant),
  pay: z.nullable(z.object({ aggregator_wei: wei, refund_wei: wei })),
  settlement: z.nullable(z.object({ paid_wei: wei, refunded_wei: wei })),
  delivery_check: z.enum(['pending', 'not_applicable', 'matches', 'differs', 'unavailable']),
  milestones: z.array(milestone),
  transactions: z.array(transaction),
  live: z.nullable(live),
  unavailable: z.array(z.string()),
});

/** Everything there is to show of a job. */
export type JobDetail = z.output<typeof jobDetail>;

/** A job, kept up to date until it has ended. */
export function useJob(id: string) {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: ['jobs', id],
    queryFn: ({ signal }) => call(jobDetail, `/v1/jobs/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: (query) => {
      const { data, error } = query.state;
      return (data && hasSettled(data)) || isUnknown(error) ? false : interval(query);
    },
  });
}

/** Whether there is no such job. */
export function isUnknown(error: unknown): boolean {
  return error instanceof Problem && error.code === 'not_found';
}

/** Call a job off before it starts. */
export function useCancelJob(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call(jobSummary, `/v1/jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST' }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['jobs'] }),
  });
}

/** Whether nothing of a job can change any more: what was delivered is compared after the end of a finished one. */
function hasSettled({ status, delivery_check, unavailable }: JobDetail): boolean {
  return ENDED.includes(status) && unavailable.length === 0 && (status !== 'finished' || delivery_check !== 'pending');
}
