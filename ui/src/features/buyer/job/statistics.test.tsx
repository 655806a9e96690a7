import { screen } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { expect, test } from 'vitest';
import { OUTCOME, STATISTICS, STATISTICS_LEARNS } from '@/kinds/statistics/examples';
import { WORDS_OF_MODELS } from '@/kinds/toySum';
import { axeFindings, renderPage } from '@/test/render';
import { answer } from '@/test/server';
import { ABOUT, FINISHED, HASH, SPEC } from '../test/answers';
import { JobPage } from './JobPage';

const page = (
  <Routes>
    <Route path="/jobs/:id" element={<JobPage />} />
    <Route path="/jobs/new" element={<p>The wizard</p>} />
  </Routes>
);

const JOB = {
  ...FINISHED,
  title: 'Patients',
  kind: 'statistics',
  pay_rule: 'per_answer',
  learns: STATISTICS_LEARNS,
  spec: { ...SPEC, title: 'Patients', description: 'Before we train', computation: STATISTICS },
  rounds: 1,
  round: 1,
  mse: null,
  initial_mse: null,
  improvement_percent: null,
  checkpoints: [],
  delivery_check: 'not_applicable',
  milestones: [0, 1].map((round) => ({ code: 'checkpoint', at: 1_800_000_030 + round, tx_hash: HASH, round })),
};

test('shows statistics once everybody is paid, and can ask for the same again', async () => {
  answer('get', '/v1/about', ABOUT);
  answer('get', '/v1/jobs/a1', { ...JOB, spec: { ...JOB.spec, description: '' } });
  answer('get', '/v1/jobs/a1/result', OUTCOME);
  const { container, user, address } = renderPage(page, { at: '/jobs/a1' });
  expect(await screen.findByRole('heading', { name: 'Your statistics' })).toBeVisible();
  expect(await screen.findByRole('tab', { name: 'Correlations' })).toBeVisible();
  expect(screen.getByRole('table', { name: '4 columns' })).toBeVisible();
  expect(screen.getByText('yes, if each owner consents')).toBeVisible();
  expect(screen.getByText('Start recorded on the chain')).toBeVisible();
  expect(screen.getByText('Answers recorded on the chain')).toBeVisible();
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(await axeFindings(container)).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Post again with these settings' }));
  expect(address()).toBe('/jobs/new');
  expect(localStorage.getItem('deltaml.draft.new-job')).toContain('"kind":"statistics"');
});

test('says what is waited for while it runs', async () => {
  answer('get', '/v1/about', ABOUT);
  const waiting_for = { code: 'statistics/sum', what: 'adding up', who: [], until: null };
  answer('get', '/v1/jobs/a1', { ...JOB, status: 'training', live: { ...JOB.live, waiting_for } });
  renderPage(page, { at: '/jobs/a1' });
  expect(await screen.findByText('Waiting for owners to add up their columns')).toBeVisible();
});
