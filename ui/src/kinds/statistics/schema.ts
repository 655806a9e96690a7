import * as z from 'zod/mini';

const numberColumn = z.object({
  kind: z.literal('number'),
  name: z.string(),
  minimum: z.number(),
  maximum: z.number(),
  unit: z.string(),
  bins: z.number(),
});

const categoryColumn = z.object({ kind: z.literal('category'), name: z.string(), levels: z.array(z.string()) });

export const statistics = z.object({
  kind: z.literal('statistics'),
  columns: z.array(z.union([numberColumn, categoryColumn])),
  correlation: z.boolean(),
});

/** What is asked for: columns, and whether their correlations too. */
export type Statistics = z.output<typeof statistics>;

const numbers = z.object({
  count: z.number(),
  missing: z.number(),
  mean: z.nullable(z.number()),
  variance: z.nullable(z.number()),
  minimum: z.nullable(z.number()),
  maximum: z.nullable(z.number()),
  histogram: z.object({ edges: z.array(z.number()), counts: z.array(z.number()) }),
});

/** What all owners together have in a column of numbers; nulls where they have nothing. */
export type Numbers = z.output<typeof numbers>;

const levels = z.object({ count: z.number(), missing: z.number(), levels: z.record(z.string(), z.number()) });

/** How often all owners together have each level of a category. */
export type Levels = z.output<typeof levels>;

export const outcome = z.object({
  format: z.string(),
  owners: z.number(),
  rows: z.number(),
  columns: z.record(z.string(), z.union([numbers, levels])),
  correlation: z.nullable(z.object({ columns: z.array(z.string()), matrix: z.array(z.array(z.nullable(z.number()))) })),
});

/** The statistics of a finished job. */
export type Outcome = z.output<typeof outcome>;

/** Correlations of the columns with each other; null where one of the two is constant. */
export type Correlation = NonNullable<Outcome['correlation']>;
