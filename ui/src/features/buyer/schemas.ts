import * as z from 'zod/mini';
import { feature, payTerms, unixSeconds, wei } from '@/api/schemas';

export const STATUSES = [
  'draft',
  'escrowing',
  'escrowed',
  'recruiting',
  'training',
  'settling',
  'unmasking',
  'finished',
  'cancelled',
  'expired',
  'failed',
] as const;

/** Where a job stands. */
export type JobStatus = (typeof STATUSES)[number];

/** Statuses that nothing follows. */
export const ENDED: readonly JobStatus[] = ['finished', 'cancelled', 'expired', 'failed'];

/** Statuses in which a job can still be called off. */
export const CANCELLABLE: readonly JobStatus[] = ['draft', 'escrowing', 'escrowed', 'recruiting'];

export const jobSummary = z.object({
  id: z.string(),
  job_id: z.nullable(z.number()),
  title: z.string(),
  status: z.enum(STATUSES),
  note: z.string(),
  trouble: z.string(),
  created_at: unixSeconds,
  deposit_wei: wei,
  rounds: z.number(),
  round: z.number(),
  mse: z.nullable(z.number()),
  initial_mse: z.nullable(z.number()),
  improvement_percent: z.nullable(z.number()),
  cancel_requested: z.boolean(),
});

/** A job of this buyer, as a list shows it. */
export type JobSummary = z.output<typeof jobSummary>;

export const jobSpec = z.object({
  title: z.string(),
  description: z.string(),
  features: z.array(feature),
  target: feature,
  scaling: z.enum(['range', 'none']),
  averaging: z.enum(['rows', 'uniform']),
  rounds: z.number(),
  local_steps: z.number(),
  learning_rate: z.number(),
  evaluate_every: z.number(),
  early_stop: z.nullable(z.object({ minimum_improvement: z.number(), patience: z.number() })),
  min_owners: z.number(),
  min_rows: z.number(),
  deposit_wei: wei,
  pay: payTerms,
  start_by: unixSeconds,
  finish_by: unixSeconds,
  task_timeout_s: z.number(),
});

/** Everything that was asked for. */
export type JobSpec = z.output<typeof jobSpec>;
