/** Answers of the aggregator, for the tests of the board. */
export const BUYER = '0x1111111111111111111111111111111111111111';
export const CONTRACT = '0x2222222222222222222222222222222222222222';
export const HASH = `0x${'ab'.repeat(32)}`;

export const ROW = {
  job_id: 7,
  title: 'Progression of diabetes',
  state: 'running',
  reason: null,
  round: 40,
  rounds: 100,
  buyer: BUYER,
  buyer_name: 'City hospital',
  deposit_wei: '1000000000000000000',
  kind: 'linear_regression',
  pay_rule: 'improvement',
  column_count: 3,
  target: 'progression',
  owners: 5,
  min_owners: 4,
  mse: 3500.5,
  initial_mse: 7001,
  improvement_percent: 50,
  start_by: 1_900_000_000,
  finish_by: 1_900_100_000,
  posted_at: 1_899_990_000,
  ended_at: null,
};

export const JOB = {
  ...ROW,
  spec: {
    title: ROW.title,
    description: 'Who needs more care?',
    min_owners: 4,
    min_rows: 10,
    deposit_wei: ROW.deposit_wei,
    pay: { trainer_bps: 7000, validator_bps: 2000, aggregator_bps: 1000 },
    start_by: ROW.start_by,
    finish_by: ROW.finish_by,
    task_timeout_s: 120,
    computation: {
      kind: 'linear_regression',
      features: [
        { name: 'age', minimum: 0, maximum: 120, unit: 'years' },
        { name: 'bmi', minimum: 10, maximum: 60, unit: '' },
      ],
      target: { name: 'progression', minimum: 0, maximum: 400, unit: '' },
      scaling: 'range',
      averaging: 'rows',
      rounds: 100,
      local_steps: 1,
      learning_rate: 0.3,
      evaluate_every: 20,
      early_stop: null,
    },
  },
  learns: [{ party: 'everybody', code: 'errors', text: 'the errors at each checkpoint' }],
  row_count: 177,
  owners_list: [
    { address: '0x3333333333333333333333333333333333333333', role: 'trainer', row_count: 89, out: null },
    { address: '0x4444444444444444444444444444444444444444', role: 'validator', row_count: 88, out: null },
  ],
  checkpoints: [
    { index: 0, round: 0, mse: 7001, tx_hash: HASH },
    { index: 1, round: 20, mse: 5000, tx_hash: null },
    { index: 2, round: 40, mse: 3500.5, tx_hash: null },
  ],
  waiting_for: { code: 'linear_regression/train', what: 'training on their rows', who: [BUYER], until: 1_900_000_000 },
  transactions: { start: HASH },
  entered: { recruiting: 1_899_990_000, running: 1_899_990_100 },
};

export const OVERVIEW = {
  version: '0.1.0',
  chain: {
    ok: true,
    chain_id: 1337,
    block_number: 1234,
    block_time: 1_899_990_100,
    contract_address: CONTRACT,
    aggregator_address: BUYER,
    job_count: 12,
    escrowed_wei: '3000000000000000000',
  },
  parts: [
    { name: 'database', ok: true, detail: '' },
    { name: 'chain', ok: true, detail: '' },
    { name: 'worker', ok: true, detail: '' },
    { name: 'transactions', ok: true, detail: 'on their way: 2' },
  ],
  jobs: { recruiting: 1, running: 2, finished: 9 },
  datasets: 5,
  participants: { data_owner: 5, model_buyer: 1 },
  explorer_url: null,
};

export const DATASET = {
  dataset_id: 'd1',
  owner: BUYER,
  owner_name: 'ward 7',
  name: 'Ward 7, 2024',
  description: 'One row each patient',
  tags: ['health', 'clinic'],
  columns: [
    { name: 'age', type: 'integer' },
    { name: 'bmi', type: 'number' },
  ],
  row_count: 442,
  updated_at: 1_899_990_000,
};
