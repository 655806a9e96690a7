import * as z from 'zod/mini';
import { feature } from '@/api/schemas';

export const linearRegression = z.object({
  kind: z.literal('linear_regression'),
  features: z.array(feature),
  target: feature,
  scaling: z.enum(['range', 'none']),
  averaging: z.enum(['rows', 'uniform']),
  rounds: z.number(),
  local_steps: z.number(),
  learning_rate: z.number(),
  evaluate_every: z.number(),
  early_stop: z.nullable(z.object({ minimum_improvement: z.number(), patience: z.number() })),
});

/** What is computed in a linear regression. */
export type LinearRegression = z.output<typeof linearRegression>;
