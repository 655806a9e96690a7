import * as z from 'zod/mini';

/** An amount of wei: a decimal string, because numbers would lose digits. */
export const wei = z.string().check(z.regex(/^\d+$/));

/** Unix seconds. */
export const unixSeconds = z.number();

export const waitingFor = z.object({
  code: z.optional(z.string()),
  what: z.string(),
  who: z.array(z.string()),
  until: z.nullable(unixSeconds),
  you: z.optional(z.boolean()),
});

/** Whom or what a job waits for, and until when. */
export type WaitingFor = z.output<typeof waitingFor>;

export const msePoint = z.object({ round: z.number(), mse: z.nullable(z.number()) });

/** The metric after a round, in the target's unit squared. */
export type MsePoint = z.output<typeof msePoint>;

export const feature = z.object({ name: z.string(), minimum: z.number(), maximum: z.number(), unit: z.string() });

/** A column with its inclusive range. */
export type Feature = z.output<typeof feature>;

export const payTerms = z.object({ trainer_bps: z.number(), validator_bps: z.number(), aggregator_bps: z.number() });

/** How a deposit is split, in basis points. */
export type PayTerms = z.output<typeof payTerms>;

export const payRule = z.enum(['improvement', 'per_answer']);

/** What owners are paid for: how far the error falls, or each answer alike. */
export type PayRule = z.output<typeof payRule>;

export const learnt = z.object({ party: z.string(), code: z.string(), text: z.string() });

/** One thing that a party learns from a job. */
export type Learnt = z.output<typeof learnt>;

export const computation = z.looseObject({ kind: z.string() });

/** What is computed; all but its kind is known to the folder of that kind only. */
export type Computation = z.output<typeof computation>;

export const jobSpec = z.object({
  title: z.string(),
  description: z.string(),
  min_owners: z.number(),
  min_rows: z.number(),
  deposit_wei: wei,
  pay: payTerms,
  start_by: unixSeconds,
  finish_by: unixSeconds,
  task_timeout_s: z.number(),
  computation,
});

/** Everything that was asked for: the terms, and what is computed. */
export type JobSpec = z.output<typeof jobSpec>;
