import { screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { ABOUT, EARNING, HASH, PROGRESS } from '../test/answers';
import { JobPage } from './JobPage';

const page = (
  <Routes>
    <Route path="/offers/:jobId/job" element={<JobPage />} />
  </Routes>
);

function job(progress: object) {
  answer('get', '/v1/offers/3/progress', progress);
  answer('get', '/v1/about', ABOUT);
  return renderPage(page, { at: '/offers/3/job' });
}

test('shows bars while the job is on its way', async () => {
  hang('get', '/v1/offers/3/progress');
  renderPage(page, { at: '/offers/3/job' });
  expect(await screen.findByRole('status', { name: 'Loading…' })).toBeVisible();
});

test('says that there is no such job', async () => {
  refuse('get', '/v1/offers/3/progress', 404, 'not_found', 'there is no job 3');
  renderPage(page, { at: '/offers/3/job' });
  expect(await screen.findByRole('alert')).toHaveTextContent('There is no job 3.');
});

test('shows role, rounds, error, contribution, pay so far and who is waited for', async () => {
  const { container, user } = job(PROGRESS);
  expect(await screen.findByText('Trainer')).toBeVisible();
  expect(screen.getByText('40 of 100')).toBeVisible();
  expect(screen.getByRole('progressbar', { name: 'Rounds done' })).toHaveValue(0.4);
  expect(screen.getByText('50%')).toBeVisible();
  expect(screen.getByText('from 6,000 at first')).toBeVisible();
  expect(screen.getByText('31.3%')).toBeVisible();
  expect(screen.getByRole('button', { name: '0.13 ETH' })).toBeVisible();
  expect(screen.getByText('if the job ended now')).toBeVisible();
  expect(screen.getByText('Waiting for trainers to train on their rows')).toBeVisible();
  expect(screen.getByText(/It is your turn/)).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);

  expect(screen.getByRole('img', { name: 'Mean squared error: 6,000 at first, 3,000 after round 40.' })).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Show as a table' }));
  expect(within(screen.getByRole('region')).getByRole('row', { name: '40 3,000' })).toBeVisible();
});

test('goes on asking, so that progress arrives by itself', async () => {
  let round = 40;
  job({});
  answer('get', '/v1/offers/3/progress', () => ({ ...PROGRESS, round: round++ }));
  await screen.findByText('41 of 100');
  await waitFor(() => expect(screen.getByText('42 of 100')).toBeVisible());
});

test('waits for the first measurement with words', async () => {
  job({ ...PROGRESS, status: 'INITIATED', role: null, round: 0, mse_history: [], earning: null, waiting_for: null });
  expect(
    await screen.findByText('The curve begins with the first checkpoint, once training has started.'),
  ).toBeVisible();
  expect(screen.getByText('not drawn yet')).toBeVisible();
});

test('shows the settled pay with its transaction', async () => {
  job({ ...PROGRESS, status: 'FINISHED', waiting_for: null, earning: { ...EARNING, settled: true, tx_hash: HASH } });
  expect(await screen.findByText('settled')).toBeVisible();
  expect(screen.getByRole('button', { name: '0xabab…abab' })).toBeVisible();
});

test('says why a job failed', async () => {
  job({ ...PROGRESS, status: 'FAILED', waiting_for: null, reason: 'a validator objected' });
  expect(await screen.findByRole('alert')).toHaveTextContent('A validator objected.');
});
