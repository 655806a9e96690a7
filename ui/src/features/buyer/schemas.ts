import * as z from 'zod/mini';
import { unixSeconds, wei } from '@/api/schemas';

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
  kind: z.string(),
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
