// A job for statistics and its outcome, for the tests of what is shown of them.

export const STATISTICS = {
  kind: 'statistics',
  columns: [
    { kind: 'number', name: 'age', minimum: 0, maximum: 100, unit: 'years', bins: 4 },
    { kind: 'number', name: 'site', minimum: 0, maximum: 1, unit: '', bins: 2 },
    { kind: 'category', name: 'sex', levels: ['f', 'm'] },
    { kind: 'number', name: 'dose', minimum: 0, maximum: 10, unit: 'mg', bins: 2 },
  ],
  correlation: true,
};

export const OUTCOME = {
  format: 'DeltaML statistics v1',
  owners: 3,
  rows: 442,
  columns: {
    sex: { count: 440, missing: 2, levels: { f: 198, m: 242 } },
    age: {
      count: 442,
      missing: 0,
      mean: 48.25,
      variance: 171.61,
      minimum: 0,
      maximum: 75,
      histogram: { edges: [0, 25, 50, 75, 100], counts: [20, 222, 200, 0] },
    },
    site: {
      count: 442,
      missing: 0,
      mean: 1,
      variance: 0,
      minimum: 0.5,
      maximum: 1,
      histogram: { edges: [0, 0.5, 1], counts: [0, 442] },
    },
    dose: {
      count: 0,
      missing: 442,
      mean: null,
      variance: null,
      minimum: null,
      maximum: null,
      histogram: { edges: [0, 5, 10], counts: [0, 0] },
    },
  },
  correlation: {
    columns: ['age', 'site'],
    matrix: [
      [1, null],
      [null, null],
    ],
  },
};

/** What a service says is learnt from such a job. */
export const STATISTICS_LEARNS = [
  { party: 'model_buyer', code: 'sums', text: 'sums over all owners, and no owner’s own' },
  { party: 'model_buyer', code: 'correlation', text: 'how much columns rise and fall together' },
  { party: 'aggregator', code: 'row_count', text: 'your number of rows' },
];
