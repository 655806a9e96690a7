import * as z from 'zod/mini';
import { jobSpec, learnt, msePoint, payRule, unixSeconds, waitingFor, wei } from '@/api/schemas';

export const STATUSES = [
  'READY',
  'WAITING',
  'INITIATED',
  'IN_PROGRESS',
  'FINISHED',
  'DECLINED',
  'MISSED',
  'CANCELLED',
  'EXPIRED',
  'FAILED',
] as const;

export const status = z.enum(STATUSES);

/** What a job is to this owner. */
export type OfferStatus = z.output<typeof status>;

export const role = z.enum(['trainer', 'validator']);

const reason = z.object({ column: z.nullable(z.string()), code: z.string(), reason: z.string() });

/** Why a dataset does not fit, or what is remarkable about it. */
export type MatchReason = z.output<typeof reason>;

const matchedColumn = z.object({
  name: z.string(),
  role: z.string(),
  required: z.object({
    kind: z.string(),
    minimum: z.nullable(z.number()),
    maximum: z.nullable(z.number()),
    unit: z.string(),
    levels: z.array(z.string()),
  }),
  own_name: z.string(),
  found: z.nullable(
    z.object({
      type: z.string(),
      minimum: z.nullable(z.number()),
      maximum: z.nullable(z.number()),
      missing_count: z.number(),
      first_missing_row: z.nullable(z.number()),
      unusable_count: z.number(),
      unusable: z.nullable(z.object({ row: z.number(), text: z.string(), expected: z.string() })),
    }),
  ),
  codes: z.array(z.string()),
});

/** One column that a job asks for, beside what the dataset has. */
export type MatchedColumn = z.output<typeof matchedColumn>;

export const datasetMatch = z.object({
  dataset_id: z.string(),
  name: z.string(),
  matches: z.boolean(),
  mismatches: z.array(reason),
  remarks: z.array(reason),
  row_count: z.number(),
  columns: z.array(matchedColumn),
  suggested_mapping: z.record(z.string(), z.string()),
});

/** A dataset against a job. */
export type DatasetMatch = z.output<typeof datasetMatch>;

export const offerRow = z.object({
  job_id: z.number(),
  title: z.string(),
  status,
  reason: z.string(),
  buyer: z.string(),
  buyer_name: z.nullish(z.string()),
  role: z.nullable(role),
  deposit_wei: wei,
  round: z.number(),
  rounds: z.number(),
  mse: z.nullish(z.number()),
  kind: z.string(),
  pay_rule: payRule,
  column_count: z.number(),
  min_rows: z.number(),
  owners_accepted: z.number(),
  min_owners: z.number(),
  start_by: unixSeconds,
  finish_by: unixSeconds,
});

/** A job in a list. */
export type OfferRow = z.output<typeof offerRow>;

const acceptance = z.object({
  dataset_id: z.string(),
  column_mapping: z.record(z.string(), z.string()),
  roles: z.number(),
  row_count: z.number(),
  facts: z.record(z.string(), z.unknown()),
  state: z.enum(['pending', 'posted', 'refused', 'withdrawing', 'withdrawn']),
  note: z.string(),
  accepted_at: unixSeconds,
});

/** This owner's acceptance of a job, and how far it has come. */
export type Acceptance = z.output<typeof acceptance>;

export const offer = z.extend(offerRow, {
  spec: jobSpec,
  learns: z.array(learnt),
  consents: z.array(z.string()),
  may_choose_role: z.boolean(),
  waiting_for: z.nullable(waitingFor),
  mse_history: z.array(msePoint),
  datasets: z.array(datasetMatch),
  acceptance: z.nullable(acceptance),
  stale_reason: z.nullable(z.string()),
});

/** A job with all its terms, matched against this owner's datasets. */
export type Offer = z.output<typeof offer>;
