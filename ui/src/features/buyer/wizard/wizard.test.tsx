import { screen, waitFor, within } from '@testing-library/react';
import type { UserEvent } from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { Route, Routes } from 'react-router';
import { beforeEach, expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, refuse, server } from '@/test/server';
import { ACCOUNT, LEARNS, SPEC, SUMMARY } from '../test/answers';
import { NewJobPage } from './NewJobPage';
import { DEFAULTS, type JobValues } from './values';

const page = (
  <Routes>
    <Route path="/jobs/new" element={<NewJobPage />} />
    <Route path="/jobs/:id" element={<p>The job that was posted</p>} />
  </Routes>
);

/** What is typed for a linear regression, with changes. */
const linear = (changes: object = {}): Pick<JobValues, 'computations'> => ({
  computations: {
    ...DEFAULTS.computations,
    linear_regression: {
      ...DEFAULTS.computations.linear_regression,
      features: [
        { name: 'age', unit: 'years', minimum: '18', maximum: '90' },
        { name: 'bmi', unit: '', minimum: '15', maximum: '45,5' },
      ],
      target: { name: 'sugar', unit: 'mg/dl', minimum: '50', maximum: '3e2' },
      ...changes,
    },
  },
});

const FILLED: JobValues = {
  ...DEFAULTS,
  ...linear(),
  title: ' Blood sugar ',
  recruitFor: '2',
  recruitUnit: 'hours',
  trainFor: '30',
  trainUnit: 'minutes',
  deposit: '1,5',
};

const PREVIEW = {
  trainers: 3,
  validators: 2,
  trainer_pool_wei: '525000000000000000',
  trainer_each_wei: '175000000000000000',
  validator_each_wei: '150000000000000000',
  aggregator_wei: '150000000000000000',
  refund_wei: '525000000000000000',
};

const FUNDS = {
  deposit_wei: '1500000000000000000',
  posting_fee_wei: '1000000000000000',
  balance_wei: '5000000000000000000',
  promised_wei: '0',
  missing_wei: '0',
};

const CHECKED = {
  problems: [],
  spec: SPEC,
  key_bits: 3072,
  funds: FUNDS,
  unavailable_reason: null,
  learns: LEARNS,
  pay_rule: 'improvement',
};

const found = (...problems: { code: string; message: string; field: string | null }[]) => ({ ...CHECKED, problems });

beforeEach(() => {
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/split-preview', PREVIEW);
});

function open(step: string, values?: Partial<JobValues>, locale: 'en' | 'es' = 'en') {
  if (values) localStorage.setItem('deltaml.draft.new-job', JSON.stringify({ ...FILLED, ...values }));
  return renderPage(page, { at: `/jobs/new?step=${step}`, locale });
}

const REUSED = { status: 422, code: 'idempotency_key_reused', detail: 'job a1 asks for else', fields: { job: 'a1' } };

/** A service that takes each key for one request, and cuts the connection when it first gets one; returns keys and jobs. */
function takeOnce() {
  const jobs = new Map<string, string>();
  const keys: string[] = [];
  server.use(
    http.post('/v1/jobs', async ({ request }) => {
      const key = request.headers.get('Idempotency-Key') ?? 'none';
      const asked = await request.text();
      keys.push(key);
      const posted = jobs.get(key);
      if (posted === undefined) {
        jobs.set(key, asked);
        return HttpResponse.error();
      }
      if (posted !== asked) return HttpResponse.json(REUSED, { status: REUSED.status });
      return HttpResponse.json(SUMMARY, { status: 202 });
    }),
  );
  answer('get', '/healthz', {});
  return { jobs, keys };
}

const press = async (user: UserEvent, name: RegExp) => user.click(await screen.findByRole('button', { name }));

const next = (user: UserEvent) => user.click(screen.getByRole('button', { name: 'Next' }));
const featureRow = (number: number) => within(screen.getByRole('group', { name: `Feature ${number}` }));

test('says beside each field what to do, and puts the focus on the first', async () => {
  const { user, container } = open('learn');
  await next(user);
  const title = await screen.findByLabelText('Title');
  await waitFor(() => expect(title).toHaveFocus());
  expect(title).toHaveAccessibleDescription('Give the job a title.');
  expect(featureRow(1).getByLabelText('Name')).toHaveAccessibleDescription(/Enter the column’s name/);
  expect(screen.getByRole('group', { name: 'Target' })).toHaveTextContent('Enter the name of the column to predict.');
  expect(await axeFindings(container)).toEqual([]);

  await user.type(title, 'Rents');
  await waitFor(() => expect(title).toHaveAccessibleDescription(/What data owners see first/));
});

test('keeps everything that was typed over a reload', async () => {
  const first = open('learn');
  await first.user.type(screen.getByLabelText('Title'), 'Rents');
  await first.user.type(featureRow(1).getByLabelText('Minimum'), '-1,');
  await first.user.click(screen.getByRole('button', { name: 'Add a feature' }));
  await first.user.keyboard('rooms');
  first.unmount();

  open('learn');
  expect(screen.getByLabelText('Title')).toHaveValue('Rents');
  expect(featureRow(1).getByLabelText('Minimum')).toHaveValue('-1,');
  expect(featureRow(2).getByLabelText('Name')).toHaveValue('rooms');
});

test('empties the form only after asking', async () => {
  const { user } = open('learn', {});
  await user.click(screen.getByRole('button', { name: 'Start over…' }));
  await user.click(await screen.findByRole('button', { name: 'Empty the form' }));
  await screen.findByRole('radio', { name: 'Train a model' });
  await next(user);
  await waitFor(() => expect(screen.getByLabelText('Title')).toHaveValue(''));
  expect(screen.queryByRole('group', { name: 'Feature 2' })).not.toBeInTheDocument();
});

test('takes features from a pasted table, beside those that are there', async () => {
  const { user } = open('learn', {});
  await user.click(screen.getByRole('button', { name: 'Paste a table…' }));
  const table = await screen.findByRole('textbox', { name: 'Table' });
  await user.click(table);
  await user.paste('name\tminimum\tmaximum\nbmi\t10\t60\nsex\t0\tone');
  expect(await screen.findByText('Line 3: minimum and maximum have to be numbers, for example 1.5.')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Use these features' })).toBeDisabled();

  await user.clear(table);
  await user.paste('bmi\t10\t60\nsex\t0\t1');
  await user.click(screen.getByRole('button', { name: 'Use these features' }));
  await waitFor(() => expect(featureRow(3).getByLabelText('Name')).toHaveValue('sex'));
  expect(featureRow(1).getByLabelText('Name')).toHaveValue('age');
  expect(featureRow(2).getByLabelText('Maximum')).toHaveValue('60');
});

test('takes features and target from a sample, which it sends nowhere', async () => {
  const { user } = open('learn');
  await user.click(screen.getByRole('button', { name: 'Read from a sample CSV…' }));
  const input = document.querySelector<HTMLInputElement>('input[type=file]');
  if (input === null) throw new Error('there is no place for a file');
  await user.upload(input, new File(['age,sex,town,price\n20,0,north,100\n60,1,south,300\n'], 'homes.csv'));
  expect(await screen.findByText('homes.csv: 2 rows')).toBeVisible();
  expect(screen.getByText('Row 1 has “north”, which is no number.')).toBeVisible();
  expect(screen.getByRole('combobox', { name: 'Use price as' })).toHaveValue('target');

  await user.selectOptions(screen.getByRole('combobox', { name: 'Use sex as' }), 'none');
  await user.click(screen.getByRole('button', { name: 'Use these columns' }));
  await waitFor(() => expect(featureRow(1).getByLabelText('Name')).toHaveValue('age'));
  expect(featureRow(1).getByLabelText('Minimum')).toHaveValue('16');
  expect(featureRow(1).getByLabelText('Maximum')).toHaveValue('64');
  expect(within(screen.getByRole('group', { name: 'Target' })).getByLabelText('Maximum')).toHaveValue('320');
  expect(screen.queryByRole('group', { name: 'Feature 2' })).not.toBeInTheDocument();
});

test('shows the page of a long list that has the first mistake', async () => {
  const features = Array.from({ length: 60 }, (_, index) => ({
    name: `x${index}`,
    unit: '',
    minimum: '0',
    maximum: index === 40 ? '-1' : '1',
  }));
  const { user } = open('learn', linear({ features }));
  expect(screen.queryByRole('group', { name: 'Feature 41' })).not.toBeInTheDocument();
  await next(user);
  await waitFor(() => expect(featureRow(41).getByLabelText('Maximum')).toHaveFocus());
  expect(featureRow(41).getByLabelText('Maximum')).toHaveAccessibleDescription('Enter a maximum above the minimum.');
});

test('asks for a learning rate when nothing is scaled', async () => {
  const { user } = open('training', {});
  expect(screen.getByLabelText(/Learning rate/)).toHaveAccessibleDescription(/0\.333, which cannot diverge/);
  await user.click(screen.getByRole('radio', { name: 'None' }));
  await next(user);
  await waitFor(() => expect(screen.getByLabelText('Learning rate')).toHaveFocus());
  expect(screen.getByLabelText('Learning rate')).toHaveAccessibleDescription(/there is no safe default/);
});

test('shows who would get what, and what is missing on the account', async () => {
  const asked = answer('get', '/v1/split-preview', PREVIEW);
  const { user } = open('money', {});
  expect(await screen.findByText('3 × 0.175 ETH')).toBeVisible();
  expect(screen.getByText('Your account holds enough.')).toBeVisible();
  expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
    deposit_wei: '1500000000000000000',
    owners: '5',
    kind: 'linear_regression',
    improvement_percent: '50',
    trainer_bps: '7000',
    validator_bps: '2000',
    aggregator_bps: '1000',
  });
  await user.clear(screen.getByLabelText('Deposit'));
  await user.type(screen.getByLabelText('Deposit'), '6');
  expect(await screen.findByText(/1\.001 ETH are missing/)).toBeVisible();
});

test('posts what was typed, shows the job and forgets the draft', async () => {
  answer('post', '/v1/jobs/check', CHECKED);
  const posted = answer('post', '/v1/jobs', SUMMARY, 202);
  const { user, address, container } = open('money', {});
  await next(user);
  expect(await screen.findByText('Predict sugar from 2 features')).toBeVisible();
  expect(screen.getByRole('row', { name: /sugar target.* 50 to 300 mg\/dl/ })).toBeVisible();
  expect(screen.getByRole('region', { name: 'What will be learnt, and by whom' })).toHaveTextContent(
    'The trained weights once everybody is paid.',
  );
  expect(await axeFindings(container)).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Post the job and pay 1.5 ETH' }));

  expect(await screen.findByText('The job that was posted')).toBeVisible();
  expect(address()).toBe('/jobs/a1');
  expect(localStorage.getItem('deltaml.draft.new-job')).toBeNull();
  expect(posted[0]?.body).toEqual({
    title: 'Blood sugar',
    description: '',
    computation: {
      kind: 'linear_regression',
      features: [
        { name: 'age', unit: 'years', minimum: 18, maximum: 90 },
        { name: 'bmi', unit: '', minimum: 15, maximum: 45.5 },
      ],
      target: { name: 'sugar', unit: 'mg/dl', minimum: 50, maximum: 300 },
      scaling: 'range',
      averaging: 'rows',
      rounds: 100,
      local_steps: 1,
      learning_rate: null,
      evaluate_every: 10,
      early_stop: null,
    },
    min_owners: 5,
    min_rows: 1,
    deposit_wei: '1500000000000000000',
    pay: { trainer_bps: 7000, validator_bps: 2000, aggregator_bps: 1000 },
    start_within_s: 7200,
    finish_within_s: 9000,
    task_timeout_s: 120,
    key_bits: null,
  });
});

test('leads from the review to what the service finds wrong', async () => {
  const wrong = [
    { code: 'invalid_input', field: 'computation.features.1.maximum', message: 'too wide for this key' },
    { code: 'invalid_input', field: 'min_owners', message: 'should be at most 133' },
  ];
  answer('post', '/v1/jobs/check', { ...found(...wrong), spec: null, key_bits: null });
  const { user } = open('review', {});
  expect(await screen.findByText('2 things have to be corrected')).toBeVisible();
  expect(screen.queryByRole('button', { name: /Post the job/ })).not.toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Correct: What to learn' }));
  await waitFor(() => expect(featureRow(2).getByLabelText('Maximum')).toHaveFocus());
  expect(featureRow(2).getByLabelText('Maximum')).toHaveAccessibleDescription(/Too wide for this key/);
});

test('shows what the service finds wrong with no field of the form', async () => {
  answer('post', '/v1/jobs/check', found({ code: 'invalid_input', field: 'role_seed', message: 'must be positive' }));
  open('review', {});
  expect(await screen.findByRole('alert')).toHaveTextContent('Must be positive.');
  expect(screen.queryByRole('button', { name: /Post the job/ })).not.toBeInTheDocument();
});

test('says beside the deposit how much is missing, in the language of the reader', async () => {
  answer('post', '/v1/jobs/check', {
    ...found({ code: 'conflict', field: 'deposit_wei', message: 'deposit_wei is 15, …' }),
    funds: { ...FUNDS, missing_wei: '2500000000000000000' },
  });
  const { user } = open('review', {}, 'es');
  await user.click(await screen.findByRole('button', { name: 'Corregir: Dinero' }));
  await waitFor(() => expect(screen.getByLabelText('Depósito')).toHaveFocus());
  expect(screen.getByLabelText('Depósito')).toHaveAccessibleDescription(/le faltan 2,5 ETH/);
});

test('says which settings to change when the key has no room', async () => {
  answer('post', '/v1/jobs/check', found({ code: 'headroom_exceeded', field: null, message: 'may need 4000 bits' }));
  open('review', {});
  expect(await screen.findByText(/could outgrow the key. Use a smaller learning rate/)).toBeVisible();
});

test('says that the chain does not answer, shows the terms all the same, and posts once it answers', async () => {
  const unknown = { ...CHECKED, funds: null, unavailable_reason: 'the Ethereum node does not answer' };
  answer('post', '/v1/jobs/check', unknown);
  const { user } = open('review', {});
  expect(await screen.findByText('The Ethereum node does not answer.')).toBeVisible();
  expect(screen.getByText('Predict sugar from 2 features')).toBeVisible();
  expect(screen.queryByRole('button', { name: /Post the job/ })).not.toBeInTheDocument();
  answer('post', '/v1/jobs/check', CHECKED);
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('button', { name: /Post the job/ })).toBeVisible();
});

test('tries again when the service itself fails, and loses nothing', async () => {
  refuse('post', '/v1/jobs/check', 503, 'service_unavailable', 'the database is locked');
  const { user } = open('review', {});
  expect(await screen.findByText('The database is locked.')).toBeVisible();
  answer('post', '/v1/jobs/check', CHECKED);
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('button', { name: /Post the job/ })).toBeVisible();
});

test('places what posting is refused with, as when the money was spent meanwhile', async () => {
  answer('post', '/v1/jobs/check', CHECKED);
  refuse('post', '/v1/jobs', 409, 'conflict', 'deposit_wei is 15, …', {
    field: 'deposit_wei',
    missing_wei: '2500000000000000000',
  });
  const { user } = open('review', {});
  await user.click(await screen.findByRole('button', { name: /Post the job/ }));
  expect(await screen.findByText(/Your account lacks 2\.5 ETH/)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Correct: Money' })).toBeVisible();
});

test.each(['the same page', 'a reload'])('makes no second job on %s after the connection broke', async (where) => {
  const checks = answer('post', '/v1/jobs/check', CHECKED);
  const { jobs, keys } = takeOnce();
  let shown = open('review', {});
  await press(shown.user, /Post the job/);
  expect(await screen.findByText(/It is safe to press again/)).toBeVisible();
  expect(localStorage.getItem('deltaml.draft.new-job')).not.toBeNull();

  if (where === 'a reload') {
    shown.unmount();
    shown = open('review');
  }
  await press(shown.user, /Post the job/);
  expect(await screen.findByText('The job that was posted')).toBeVisible();
  expect(jobs.size).toBe(1);
  expect(new Set(checks.map(({ headers }) => headers.get('Idempotency-Key')))).toEqual(new Set(keys));
  expect(keys[0]).toMatch(/^"[0-9a-f]{32}"$/);

  shown.unmount();
  const another = open('review', {});
  await press(another.user, /Post the job/);
  await screen.findByText(/It is safe to press again/);
  expect(jobs.size).toBe(2);
});

test('says that the job was posted before it was changed, and makes another only when told to', async () => {
  answer('post', '/v1/jobs/check', CHECKED);
  const { jobs, keys } = takeOnce();
  const { user, container } = open('review', {});
  await press(user, /Post the job/);
  await screen.findByText(/It is safe to press again/);
  await user.click(screen.getByRole('button', { name: 'Back' }));
  await user.clear(screen.getByLabelText('Deposit'));
  await user.type(screen.getByLabelText('Deposit'), '1.4');
  await next(user);
  await press(user, /Post the job/);

  expect(await screen.findByText(/posted already, as it was before you changed it/)).toBeVisible();
  expect(screen.getByRole('link', { name: 'Show the posted job' })).toHaveAttribute('href', '/jobs/a1');
  expect(await axeFindings(container)).toEqual([]);
  expect(new Set(keys).size).toBe(1);

  await press(user, /Post another job and pay/);
  await screen.findByText(/It is safe to press again/);
  expect(jobs.size).toBe(2);
  await press(user, /Post the job/);
  expect(await screen.findByText('The job that was posted')).toBeVisible();
  expect(jobs.size).toBe(2);
});

test('posts what is typed anew in an emptied form as another job', async () => {
  answer('post', '/v1/jobs/check', CHECKED);
  const { jobs } = takeOnce();
  const first = open('review', {});
  await press(first.user, /Post the job/);
  await screen.findByText(/It is safe to press again/);
  await press(first.user, /Start over/);
  await press(first.user, /Empty the form/);
  await screen.findByRole('radio', { name: 'Train a model' });
  await next(first.user);
  await waitFor(() => expect(screen.getByLabelText('Title')).toHaveValue(''));
  first.unmount();

  const second = open('review', {});
  await press(second.user, /Post the job/);
  await screen.findByText(/It is safe to press again/);
  expect(jobs.size).toBe(2);
});

test('goes on without the balance while the chain does not answer', async () => {
  const unknown = { balance_wei: null, owed_wei: null, posting_fee_wei: null, unavailable_reason: 'no node' };
  answer('get', '/v1/account', { ...ACCOUNT, ...unknown });
  open('money', {});
  expect(await screen.findByText(/The chain does not answer, so what your account holds is not known/)).toBeVisible();
  expect(screen.queryByText('Your account holds enough.')).not.toBeInTheDocument();
});

test('checks by itself before it asks the service', async () => {
  open('review', { title: '', trainerPercent: '90' });
  expect(await screen.findByText('2 things have to be corrected')).toBeVisible();
  expect(screen.getByText('Title: Give the job a title.')).toBeVisible();
  expect(screen.getByText(/together they can be 100 % at most/)).toBeVisible();
});
