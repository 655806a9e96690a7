import { screen, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { expect, test } from 'vitest';
import { STATISTICS, STATISTICS_LEARNS } from '@/kinds/statistics/examples';
import { TOY_COMPUTATION, TOY_LEARNS, WORDS_OF_MODELS } from '@/kinds/toySum';
import { axeFindings, renderPage } from '@/test/render';
import { answer } from '@/test/server';
import { HASH, JOB, OVERVIEW, ROW } from '../examples';
import { JobsPage } from '../jobs/JobsPage';
import { JobPage } from './JobPage';

const page = (
  <Routes>
    <Route path="/jobs/:jobId" element={<JobPage />} />
  </Routes>
);

const TOY_ROW = {
  ...ROW,
  title: 'Income together',
  kind: 'toy_sum',
  pay_rule: 'per_answer',
  column_count: 1,
  target: null,
  rounds: 1,
  round: 0,
  mse: null,
  initial_mse: null,
  improvement_percent: null,
};
const TOY = {
  ...JOB,
  ...TOY_ROW,
  spec: { ...JOB.spec, title: TOY_ROW.title, description: 'All of it', computation: TOY_COMPUTATION },
  learns: TOY_LEARNS,
  checkpoints: [{ index: 0, round: 0, mse: null, tx_hash: HASH }],
  waiting_for: { code: 'toy_sum/add', what: 'adding up', who: [], until: null },
};

test('shows a job of a kind that has no words here, without those of another kind', async () => {
  answer('get', '/v1/board', OVERVIEW);
  answer('get', '/v1/board/jobs/7', TOY);
  const { container } = renderPage(page, { at: '/jobs/7' });
  expect(await screen.findByRole('heading', { level: 1, name: 'Income together' })).toBeVisible();
  expect(screen.getAllByText('toy_sum')[0]).toBeVisible();
  expect(screen.getByText('Waiting for: Adding up.')).toBeVisible();
  expect(screen.getByText('column').closest('div')).toHaveTextContent('income');
  expect(screen.getByText('The sum over all owners.')).toBeVisible();
  expect(screen.getByText('Owners, in equal parts').closest('div')).toHaveTextContent('90%');
  const records = screen.getByRole('table', { name: /Checkpoints on the chain/ });
  expect(within(records).getAllByRole('columnheader')).toHaveLength(2);
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(await axeFindings(container)).toEqual([]);
});

test('a list tells kinds apart, and has no columns that none of its jobs can fill', async () => {
  answer('get', '/v1/board/jobs', { jobs: [ROW, { ...TOY_ROW, job_id: 8 }], total: 2, counts: {} });
  const first = renderPage(<JobsPage />);
  const row = await screen.findByRole('row', { name: /Income together/ });
  expect(within(row).getAllByText('does not apply')).toHaveLength(3);
  first.unmount();

  answer('get', '/v1/board/jobs', { jobs: [TOY_ROW], total: 1, counts: {} });
  const { container } = renderPage(<JobsPage />);
  expect(await screen.findByRole('row', { name: /Income together/ })).toBeVisible();
  expect(container.querySelector('table')).not.toHaveTextContent(WORDS_OF_MODELS);
});

test('shows a job for statistics to anybody', async () => {
  answer('get', '/v1/board', OVERVIEW);
  answer('get', '/v1/board/jobs/7', {
    ...TOY,
    kind: 'statistics',
    spec: { ...TOY.spec, computation: STATISTICS },
    learns: STATISTICS_LEARNS,
    waiting_for: { code: 'statistics/sum', what: 'adding up', who: [], until: null },
  });
  const { container } = renderPage(page, { at: '/jobs/7', locale: 'es' });
  expect(await screen.findByText('Esperando a que los propietarios sumen sus columnas')).toBeVisible();
  expect(screen.getByRole('row', { name: 'age números, 4 intervalos de 0 a 100 years' })).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);
});
