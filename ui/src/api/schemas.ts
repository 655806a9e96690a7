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
