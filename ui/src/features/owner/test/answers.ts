// What the data owner's service answers, as it really did once, for the tests of this face.

export const ADDRESS = '0x32871940c61ca7D4FaA3e39F062CDDc4561cd289';
export const BUYER = '0x5Bb655C91BaA5aC901d725f3Db0a97F8A497d792';
export const HASH = `0x${'ab'.repeat(32)}`;

export const ABOUT = {
  service: 'owner',
  name: 'ward 7',
  version: '0.1.0',
  address: ADDRESS,
  chain_id: 1337,
  contract_address: '0xBEd786d4D08BeEcA75DC92Ae084dD377790B4445',
  aggregator_url: 'http://127.0.0.1:8100',
  explorer_url: null,
};

export const AGE_COLUMN = {
  name: 'age',
  type: 'number',
  minimum: -0.1,
  maximum: 0.11,
  missing_count: 0,
  first_missing_row: null,
  unusable_count: 0,
  unusable: null,
  is_numeric: true,
  problem: null,
};

export const REGION_COLUMN = {
  ...AGE_COLUMN,
  name: 'region',
  type: 'text',
  minimum: null,
  maximum: null,
  missing_count: 1,
  first_missing_row: 2,
  unusable_count: 2,
  unusable: { row: 17, text: 'north', expected: 'a number' },
  is_numeric: false,
};

export const DATASET = {
  dataset_id: 'd1',
  name: 'Ward 7',
  description: 'Weekly measurements',
  tags: ['health'],
  path: '/data/ward7.csv',
  uploaded: false,
  row_count: 442,
  added_at: 1_900_000_000,
  listing: 'listed',
  listing_note: '',
  used_by: [] as number[],
  columns: [AGE_COLUMN, REGION_COLUMN],
};

export const OFFER_ROW = {
  job_id: 3,
  title: 'Predict progression',
  status: 'READY',
  status_label: 'READY',
  reason: '',
  buyer: BUYER,
  buyer_name: 'City hospital',
  role: null,
  deposit_wei: '1000000000000000000',
  round: 0,
  rounds: 100,
  mse: null,
  kind: 'linear_regression',
  pay_rule: 'improvement',
  column_count: 2,
  min_rows: 10,
  owners_accepted: 2,
  min_owners: 5,
  start_by: 1_900_003_600,
  finish_by: 1_900_086_400,
};

export const MATCH = {
  dataset_id: 'd1',
  name: 'Ward 7',
  matches: true,
  mismatches: [],
  remarks: [],
  row_count: 442,
  columns: [
    {
      name: 'age',
      role: 'feature',
      required: { kind: 'number', minimum: -0.2, maximum: 0.2, unit: '', levels: [] as string[] },
      own_name: 'age',
      found: { ...AGE_COLUMN },
      codes: [] as string[],
    },
  ],
  suggested_mapping: {},
};

export const MISMATCH = {
  ...MATCH,
  matches: false,
  mismatches: [{ column: 'years', code: 'missing_column', reason: "There is no column 'years'." }],
  columns: [{ ...MATCH.columns[0], name: 'years', own_name: 'years', found: null, codes: ['missing_column'] }],
};

export const OFFER = {
  ...OFFER_ROW,
  spec: {
    title: OFFER_ROW.title,
    description: 'How far the disease progresses in a year.',
    min_owners: 5,
    min_rows: 10,
    deposit_wei: OFFER_ROW.deposit_wei,
    pay: { trainer_bps: 7000, validator_bps: 2000, aggregator_bps: 1000 },
    start_by: OFFER_ROW.start_by,
    finish_by: OFFER_ROW.finish_by,
    task_timeout_s: 120,
    computation: {
      kind: 'linear_regression',
      features: [{ name: 'age', minimum: -0.2, maximum: 0.2, unit: 'years' }],
      target: { name: 'progression', minimum: 25, maximum: 346, unit: '' },
      scaling: 'range',
      averaging: 'rows',
      rounds: 100,
      local_steps: 1,
      learning_rate: 0.5,
      evaluate_every: 10,
      early_stop: null,
    },
  },
  learns: [
    { party: 'model_buyer', code: 'weights', text: 'the trained weights once everybody is paid' },
    { party: 'aggregator', code: 'row_count', text: 'your number of rows' },
    { party: 'aggregator', code: 'growth', text: 'a bound for how fast training can grow on them' },
  ],
  consents: [] as string[],
  may_choose_role: true,
  waiting_for: null,
  mse_history: [],
  datasets: [MATCH],
  acceptance: null,
  stale_reason: null,
};

export const TERMS = {
  chain_id: 1337,
  contract_address: ABOUT.contract_address,
  job_id: 3,
  owner: ADDRESS,
  spec_digest: HASH,
  key_digest: HASH,
  key_bits: 3072,
  roles: 3,
  deposit_wei: '1000000000000000000',
  trainer_bps: 7000,
  validator_bps: 2000,
  aggregator_bps: 1000,
  deadline: 1_900_086_400,
};

export const SPLIT = {
  deposit_wei: '1000000000000000000',
  owners: 5,
  trainers: 3,
  validators: 2,
  improvement_percent: 50,
  trainer_pool_wei: '350000000000000000',
  trainer_each_wei: '116666666666666666',
  validator_each_wei: '100000000000000000',
  aggregator_wei: '100000000000000000',
  refund_wei: '350000000000000000',
};

export const EARNING = {
  job_id: 3,
  title: 'Predict progression',
  role: 'trainer',
  state: 'running',
  contribution_share: 0.3125,
  pay_wei: '130000000000000000',
  settled: false,
  tx_hash: null,
};

export const PROGRESS = {
  job_id: 3,
  title: 'Predict progression',
  kind: 'linear_regression',
  pay_rule: 'improvement',
  status: 'IN_PROGRESS',
  reason: '',
  state: 'running',
  step: 'linear_regression/train',
  role: 'trainer',
  round: 40,
  rounds: 100,
  mse_history: [
    { round: 0, mse: 6000 },
    { round: 40, mse: 3000 },
  ],
  waiting_for: {
    code: 'linear_regression/train',
    what: 'training on their rows',
    who: [ADDRESS, BUYER],
    until: 1_900_000_100,
    you: true,
  },
  start_by: 1_900_003_600,
  finish_by: 1_900_086_400,
  earning: EARNING,
  stale_reason: null,
};

export const ACCOUNT = { address: ADDRESS, balance_wei: '10000000000000000000', owed_wei: '130000000000000001' };

export const WITHDRAWAL = {
  id: 'w1',
  description: 'withdraw',
  state: 'broadcast',
  tx_hash: HASH,
  reason: null,
  requested_at: 1_900_000_000,
  amount_wei: '130000000000000001',
};
