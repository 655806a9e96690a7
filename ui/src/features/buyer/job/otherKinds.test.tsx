import { screen, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { beforeEach, expect, test } from 'vitest';
import { TOY_COMPUTATION, TOY_LEARNS, TOY_OUTCOME, WORDS_OF_MODELS } from '@/kinds/toySum';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { JobsPage } from '../jobs/JobsPage';
import { ABOUT, ADDRESSES, HASH, SPEC, SUMMARY, TRAINING } from '../test/answers';
import { JobPage } from './JobPage';

const page = (
  <Routes>
    <Route path="/jobs/:id" element={<JobPage />} />
  </Routes>
);
const at = '/jobs/a1';

const TOY = {
  ...TRAINING,
  title: 'Income together',
  kind: 'toy_sum',
  pay_rule: 'per_answer',
  learns: TOY_LEARNS,
  spec: { ...SPEC, title: 'Income together', description: 'All of it', computation: TOY_COMPUTATION },
  rounds: 1,
  round: 0,
  mse: null,
  initial_mse: null,
  improvement_percent: null,
  checkpoints: [],
  milestones: [
    { code: 'started', at: 1_800_000_020, tx_hash: HASH, round: null },
    { code: 'checkpoint', at: 1_800_000_030, tx_hash: HASH, round: 0 },
  ],
  live: {
    ...TRAINING.live,
    waiting_for: { code: 'toy_sum/add', what: 'adding up', who: [ADDRESSES.other], until: 1_900_000_000 },
  },
};
const DONE = {
  ...TOY,
  status: 'finished',
  settlement: { paid_wei: '1000000000000000000', refunded_wei: '0' },
  delivery_check: 'matches',
  live: { ...TOY.live, waiting_for: null },
};

beforeEach(() => {
  answer('get', '/v1/about', ABOUT);
});

test('shows a running job of a kind that has no words here, without those of another kind', async () => {
  answer('get', '/v1/jobs/a1', TOY);
  const { container } = renderPage(page, { at });
  expect(await screen.findByRole('heading', { name: 'Income together' })).toBeVisible();
  expect(screen.getByText('Waiting for: Adding up.')).toBeVisible();
  expect(screen.getByText('column').closest('div')).toHaveTextContent('income');
  expect(screen.getByText('exact').closest('div')).toHaveTextContent('yes');
  expect(within(screen.getByRole('region', { name: 'name, weight' })).getByRole('cell', { name: '2.5' })).toBeVisible();
  expect(screen.getByText('The sum over all owners.')).toBeVisible();
  expect(screen.getByText('regulator').closest('div')).toHaveTextContent('A log of all requests.');
  expect(screen.getByText('Start recorded on the chain')).toBeVisible();
  expect(screen.getByText(/every owner that answers gets an equal part/)).toBeVisible();
  const people = screen.getByRole('table', { name: 'Who takes part' });
  expect(within(people).queryByRole('columnheader', { name: 'Role' })).not.toBeInTheDocument();
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(await axeFindings(container)).toEqual([]);
});

test('shows the outcome as it came, with a file of it, and offers no form for another', async () => {
  answer('get', '/v1/jobs/a1', DONE);
  answer('get', '/v1/jobs/a1/result', TOY_OUTCOME);
  const { container } = renderPage(page, { at });
  expect(await screen.findByText('12,345.5')).toBeVisible();
  expect(screen.getByText('per_group').closest('div')).toHaveTextContent('1, 2, 3');
  const link = screen.getByRole('link', { name: 'Download as JSON' });
  expect(link).toHaveAttribute('href', '/v1/jobs/a1/result');
  expect(link).toHaveAttribute('download', 'income-together.json');
  expect(screen.queryByRole('button', { name: 'Post again with these settings' })).not.toBeInTheDocument();
  expect(screen.getByText(/the command `deltaml job post` can/)).toBeVisible();
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(await axeFindings(container)).toEqual([]);
});

test('says why there is no outcome, and that it loads', async () => {
  answer('get', '/v1/jobs/a1', DONE);
  hang('get', '/v1/jobs/a1/result');
  const first = renderPage(page, { at });
  expect(await screen.findByRole('status', { name: 'Loading…' })).toBeVisible();
  first.unmount();
  refuse('get', '/v1/jobs/a1/result', 409, 'conflict', 'the result is masked until everybody is paid');
  renderPage(page, { at });
  expect(await screen.findByRole('alert')).toHaveTextContent('The result is masked until everybody is paid.');
});

test('shows the rest of a job whose kind is known but whose settings are not understood', async () => {
  const computation = { kind: 'linear_regression', features: 'of a later version' };
  answer('get', '/v1/jobs/a1', { ...TRAINING, spec: { ...SPEC, computation } });
  renderPage(page, { at });
  expect(await screen.findByText('of a later version')).toBeVisible();
  expect(screen.getByText('40%')).toBeVisible();
});

test('cuts a long document short, and shows what is deep as it is written', async () => {
  const deep = Array.from({ length: 10 }).reduce((inner: object) => ({ inner }), { end: 1 });
  answer('get', '/v1/jobs/a1', DONE);
  answer('get', '/v1/jobs/a1/result', { long: Array.from({ length: 1060 }, (_, index) => index), deep });
  renderPage(page, { at });
  expect(await screen.findByText('and 1,010 more')).toBeVisible();
  expect(screen.getByText(/\{"inner":\{"inner":/)).toBeVisible();
});

test('a list tells kinds apart, and has no columns that none of its jobs can fill', async () => {
  const toy = { ...SUMMARY, id: 't1', title: 'Income', kind: 'toy_sum', rounds: 1, round: 0, mse: null };
  const unpaid = { ...toy, initial_mse: null, improvement_percent: null };
  answer('get', '/v1/jobs', { jobs: [SUMMARY, unpaid], total: 2, counts: {} });
  const first = renderPage(<JobsPage />);
  const row = await screen.findByRole('row', { name: /Income/ });
  expect(within(row).getByText('toy_sum')).toBeVisible();
  expect(within(row).getAllByText('does not apply')).toHaveLength(3);
  first.unmount();

  answer('get', '/v1/jobs', { jobs: [unpaid], total: 1, counts: {} });
  const { container } = renderPage(<JobsPage />);
  expect(await screen.findByRole('link', { name: 'Income' })).toBeVisible();
  expect(screen.queryByRole('columnheader', { name: 'MSE' })).not.toBeInTheDocument();
  expect(container.querySelector('table')).not.toHaveTextContent(WORDS_OF_MODELS);
});
