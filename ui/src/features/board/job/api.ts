import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { Problem } from '@/api/problem';
import { jobSpec, learnt, unixSeconds, waitingFor } from '@/api/schemas';
import { ENDED, jobRow } from '../schemas';

const owner = z.object({
  address: z.string(),
  role: z.nullable(z.string()),
  row_count: z.number(),
  out: z.nullable(z.string()),
});

/** A data owner that takes part in a job. */
export type Owner = z.output<typeof owner>;

const checkpoint = z.object({
  index: z.number(),
  round: z.number(),
  mse: z.nullable(z.number()),
  tx_hash: z.nullable(z.string()),
});

/** The metric after a round, and the transaction that recorded it. */
export type Checkpoint = z.output<typeof checkpoint>;

const jobDetail = z.extend(jobRow, {
  spec: jobSpec,
  learns: z.array(learnt),
  row_count: z.number(),
  owners_list: z.array(owner),
  checkpoints: z.array(checkpoint),
  waiting_for: z.nullable(waitingFor),
  transactions: z.record(z.string(), z.nullable(z.string())),
  entered: z.record(z.string(), unixSeconds),
});

/** Everything public about a job. */
export type JobDetail = z.output<typeof jobDetail>;

/** What a job's number looks like; no service need be asked about anything else. */
const NUMBER = /^[1-9]\d{0,15}$/;

/** A job, kept up to date until it has ended. */
export function useJob(jobId: string) {
  const [interval] = useState(poll);
  return useQuery({
    queryKey: ['jobs', jobId],
    queryFn: ({ signal }) => call(jobDetail, `/v1/board/jobs/${encodeURIComponent(jobId)}`, { signal }),
    enabled: NUMBER.test(jobId),
    refetchInterval: (query) =>
      query.state.data !== undefined && ENDED.includes(query.state.data.state) ? false : interval(query),
  });
}

/** Whether there is no such job; `error` is what asking for it gave. */
export function isUnknown(jobId: string, error: unknown): boolean {
  return !NUMBER.test(jobId) || (error instanceof Problem && error.status === 404);
}
