import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { msePoint, payRule, unixSeconds, waitingFor } from '@/api/schemas';
import { jobEarning } from './earnings';
import { OFFERS_KEY } from './offers';
import { role, status } from './schemas';

const progress = z.object({
  job_id: z.number(),
  title: z.string(),
  kind: z.string(),
  pay_rule: payRule,
  status,
  reason: z.string(),
  state: z.string(),
  step: z.nullable(z.string()),
  role: z.nullable(role),
  round: z.number(),
  rounds: z.number(),
  mse_history: z.array(msePoint),
  waiting_for: z.nullable(waitingFor),
  start_by: unixSeconds,
  finish_by: unixSeconds,
  earning: z.nullable(jobEarning),
  stale_reason: z.nullable(z.string()),
});

/** How far a job is that this owner takes part in. */
export type Progress = z.output<typeof progress>;

/** How far a job is; goes on asking. */
export function useProgress(jobId: string) {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: [...OFFERS_KEY, jobId, 'progress'],
    queryFn: ({ signal }) => call(progress, `/v1/offers/${jobId}/progress`, { signal }),
    refetchInterval: interval,
  });
}
