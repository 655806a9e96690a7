import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { payRule, wei } from '@/api/schemas';
import { role } from './schemas';

export const jobEarning = z.object({
  job_id: z.number(),
  title: z.string(),
  /** Nothing from services that do not tell. */
  pay_rule: z.nullish(payRule),
  role,
  state: z.string(),
  contribution_share: z.nullable(z.number()),
  pay_wei: z.nullable(wei),
  settled: z.boolean(),
  tx_hash: z.nullable(z.string()),
});

/** What one job brings; preliminary until it is settled. */
export type JobEarning = z.output<typeof jobEarning>;

const earnings = z.object({
  jobs: z.array(jobEarning),
  owed_wei: z.nullable(wei),
  unavailable_reason: z.nullable(z.string()),
});

/** Role, contribution and pay of every job; goes on asking. */
export function useEarnings() {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: ['earnings'],
    queryFn: ({ signal }) => call(earnings, '/v1/earnings', { signal }),
    refetchInterval: interval,
  });
}
