// A kind that has no folder here, for the tests of what such a kind is shown as.

export const TOY_COMPUTATION = {
  kind: 'toy_sum',
  column: 'income',
  deep: { clip: 1000, exact: true, note: null },
  groups: [
    { name: 'north', weight: 1 },
    { name: 'south', weight: 2.5 },
  ],
};

export const TOY_LEARNS = [
  { party: 'model_buyer', code: 'sum', text: 'the sum over all owners' },
  { party: 'everybody', code: 'count', text: 'how many rows there are together' },
  { party: 'regulator', code: 'log', text: 'a log of all requests' },
];

export const TOY_OUTCOME = { sum: 12_345.5, per_group: [1, 2, 3], table: [{ group: 'north', sum: 5 }], empty: [] };

/** Words that are wrong for a kind with a fixed price that knows no model. */
export const WORDS_OF_MODELS = /\bMSE\b|squared error|\bmodels?\b|\btrain(?:s|ed|er|ers|ing)?\b|validat|improve/i;
