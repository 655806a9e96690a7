import * as z from 'zod/mini';
import { payRule, unixSeconds, wei } from '@/api/schemas';

export const STATES = [
  'posted',
  'recruiting',
  'running',
  'settling',
  'finished',
  'cancelled',
  'expired',
  'failed',
] as const;

/** Where a job stands. */
export type JobState = (typeof STATES)[number];

export const GROUPS = ['open', 'running', 'ended'] as const;

/** What may become of a job: owners can still accept it, it is running or being paid, or it has ended. */
export type JobGroup = (typeof GROUPS)[number];

/** States that nothing follows. */
export const ENDED: readonly JobState[] = ['finished', 'cancelled', 'expired', 'failed'];

export const jobRow = z.object({
  job_id: z.number(),
  title: z.string(),
  state: z.enum(STATES),
  reason: z.nullable(z.string()),
  round: z.number(),
  rounds: z.number(),
  buyer: z.string(),
  buyer_name: z.nullable(z.string()),
  deposit_wei: wei,
  kind: z.string(),
  pay_rule: payRule,
  column_count: z.number(),
  target: z.nullable(z.string()),
  owners: z.number(),
  min_owners: z.number(),
  mse: z.nullable(z.number()),
  initial_mse: z.nullable(z.number()),
  improvement_percent: z.nullable(z.number()),
  start_by: unixSeconds,
  finish_by: unixSeconds,
  posted_at: z.nullable(unixSeconds),
  ended_at: z.nullable(unixSeconds),
});

/** A job as a list shows it. */
export type JobRow = z.output<typeof jobRow>;
