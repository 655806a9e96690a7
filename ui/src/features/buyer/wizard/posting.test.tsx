import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, test } from 'vitest';
import { axeFindings } from '@/test/render';
import { answer, refuse, server } from '@/test/server';
import { ACCOUNT, SUMMARY } from '../test/answers';
import { CHECKED, next, openDraft, openFilled, press, PREVIEW } from '../test/wizard';

const REUSED = { status: 422, code: 'idempotency_key_reused', detail: 'job a1 asks for else', fields: { job: 'a1' } };

beforeEach(() => {
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/split-preview', PREVIEW);
});

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

test('posts what was typed, shows the job and forgets the draft', async () => {
  answer('post', '/v1/jobs/check', CHECKED);
  const posted = answer('post', '/v1/jobs', SUMMARY, 202);
  const { user, address, container } = openFilled('money');
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

test('places what posting is refused with, as when the money was spent meanwhile', async () => {
  answer('post', '/v1/jobs/check', CHECKED);
  refuse('post', '/v1/jobs', 409, 'conflict', 'deposit_wei is 15, …', {
    field: 'deposit_wei',
    missing_wei: '2500000000000000000',
  });
  const { user } = openFilled('review');
  await user.click(await screen.findByRole('button', { name: /Post the job/ }));
  expect(await screen.findByText(/Your account lacks 2\.5 ETH/)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Correct: Money' })).toBeVisible();
});

test.each(['the same page', 'a reload'])('makes no second job on %s after the connection broke', async (where) => {
  const checks = answer('post', '/v1/jobs/check', CHECKED);
  const { jobs, keys } = takeOnce();
  let shown = openFilled('review');
  await press(shown.user, /Post the job/);
  expect(await screen.findByText(/It is safe to press again/)).toBeVisible();
  expect(localStorage.getItem('deltaml.draft.new-job')).not.toBeNull();

  if (where === 'a reload') {
    shown.unmount();
    shown = openDraft('review');
  }
  await press(shown.user, /Post the job/);
  expect(await screen.findByText('The job that was posted')).toBeVisible();
  expect(jobs.size).toBe(1);
  expect(new Set(checks.map(({ headers }) => headers.get('Idempotency-Key')))).toEqual(new Set(keys));
  expect(keys[0]).toMatch(/^"[0-9a-f]{32}"$/);

  shown.unmount();
  const another = openFilled('review');
  await press(another.user, /Post the job/);
  await screen.findByText(/It is safe to press again/);
  expect(jobs.size).toBe(2);
});

test('says that the job was posted before it was changed, and makes another only when told to', async () => {
  answer('post', '/v1/jobs/check', CHECKED);
  const { jobs, keys } = takeOnce();
  const { user, container } = openFilled('review');
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
  const first = openFilled('review');
  await press(first.user, /Post the job/);
  await screen.findByText(/It is safe to press again/);
  await press(first.user, /Start over/);
  await press(first.user, /Empty the form/);
  await screen.findByRole('radio', { name: 'Train a model' });
  await next(first.user);
  await waitFor(() => expect(screen.getByLabelText('Title')).toHaveValue(''));
  first.unmount();

  const second = openFilled('review');
  await press(second.user, /Post the job/);
  await screen.findByText(/It is safe to press again/);
  expect(jobs.size).toBe(2);
});
