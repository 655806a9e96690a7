// What the model buyer’s service answers, for the tests of this face.

export const ADDRESSES = {
  buyer: '0xb00000000000000000000000000000000000b0b0',
  trainer: '0x1111111111111111111111111111111111111111',
  other: '0x2222222222222222222222222222222222222222',
  validator: '0x3333333333333333333333333333333333333333',
};

export const HASH = `0x${'ab'.repeat(32)}`;

export const ABOUT = {
  service: 'buyer',
  name: 'clinic',
  version: '0.1.0',
  address: ADDRESSES.buyer,
  chain_id: 1337,
  contract_address: ADDRESSES.other,
  aggregator_url: 'http://127.0.0.1:8100',
  explorer_url: null as string | null,
};

export const ACCOUNT = {
  address: ADDRESSES.buyer,
  balance_wei: '5000000000000000000',
  owed_wei: '250000000000000000',
  posting_fee_wei: '1000000000000000',
  promised_wei: '0',
};

export const SPEC = {
  title: 'Blood sugar',
  description: 'From two measurements',
  computation: {
    kind: 'linear_regression',
    features: [
      { name: 'age', minimum: 18, maximum: 90, unit: 'years' },
      { name: 'bmi', minimum: 15, maximum: 45, unit: '' },
    ],
    target: { name: 'sugar', minimum: 50, maximum: 300, unit: 'mg/dl' },
    scaling: 'range',
    averaging: 'rows',
    rounds: 100,
    local_steps: 1,
    learning_rate: 0.25,
    evaluate_every: 10,
    early_stop: null,
  },
  min_owners: 3,
  min_rows: 20,
  deposit_wei: '1000000000000000000',
  pay: { trainer_bps: 7000, validator_bps: 2000, aggregator_bps: 1000 },
  start_by: 1_900_000_000,
  finish_by: 1_900_086_400,
  task_timeout_s: 120,
};

export const LEARNS = [
  { party: 'model_buyer', code: 'weights', text: 'the trained weights once everybody is paid' },
  { party: 'everybody', code: 'errors', text: 'the errors at each checkpoint' },
];

export const SUMMARY = {
  id: 'a1',
  job_id: 7,
  kind: 'linear_regression',
  title: 'Blood sugar',
  status: 'training',
  note: '',
  trouble: '',
  created_at: 1_800_000_000,
  deposit_wei: '1000000000000000000',
  rounds: 100,
  round: 40,
  mse: 3000,
  initial_mse: 5000,
  improvement_percent: 40,
  cancel_requested: false,
};

export const TRAINING = {
  ...SUMMARY,
  spec: SPEC,
  pay_rule: 'improvement',
  learns: LEARNS,
  key_bits: 3072,
  cost_so_far_wei: '580000000000000000',
  checkpoints: [
    { round: 0, mse: 5000 },
    { round: 40, mse: 3000 },
  ],
  participants: [
    { address: ADDRESSES.trainer, role: 'trainer', share: 0.75, pay_wei: '210000000000000000' },
    { address: ADDRESSES.other, role: 'trainer', share: 0.25, pay_wei: '70000000000000000' },
    { address: ADDRESSES.validator, role: 'validator', share: null, pay_wei: '200000000000000000' },
  ],
  pay: { aggregator_wei: '100000000000000000', refund_wei: '420000000000000000' },
  settlement: null as { paid_wei: string; refunded_wei: string } | null,
  delivery_check: 'pending',
  milestones: [
    { code: 'posted', at: 1_800_000_000, tx_hash: null, round: null },
    { code: 'escrowed', at: 1_800_000_010, tx_hash: HASH, round: null },
    { code: 'started', at: 1_800_000_020, tx_hash: HASH, round: null },
    { code: 'checkpoint', at: 1_800_000_030, tx_hash: HASH, round: 40 },
  ],
  transactions: [],
  live: {
    state: 'running',
    round: 43,
    owners: [{ address: ADDRESSES.trainer, row_count: 88, out: null as string | null }],
    waiting_for: { code: 'linear_regression/train', what: 'training', who: [ADDRESSES.other], until: 1_900_000_000 },
    reason: null as string | null,
  },
  unavailable: [] as string[],
};

export const FINISHED = {
  ...TRAINING,
  status: 'finished',
  settlement: { paid_wei: '580000000000000000', refunded_wei: '420000000000000000' },
  delivery_check: 'matches',
  live: { ...TRAINING.live, waiting_for: null },
};
