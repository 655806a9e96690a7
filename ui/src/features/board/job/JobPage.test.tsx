import { screen, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { HASH, JOB, OVERVIEW } from '../examples';
import { JobPage } from './JobPage';

const page = (
  <Routes>
    <Route path="/jobs/:jobId" element={<JobPage />} />
  </Routes>
);
const at = '/jobs/7';

test('shows the public metrics of a running job, and whom it waits for', async () => {
  answer('get', '/v1/board', OVERVIEW);
  answer('get', '/v1/board/jobs/7', JOB);
  const { user, container } = renderPage(page, { at });

  expect(await screen.findByRole('heading', { level: 1, name: JOB.title })).toBeVisible();
  expect(screen.getByText('Waiting for trainers to train on their rows')).toBeVisible();
  expect(screen.getByText('from 7,001 at first')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Show as a table' }));
  const curve = screen.getByRole('region', { name: /^Mean squared error/ });
  expect(within(curve).getByRole('cell', { name: '5,000' })).toBeVisible();
  expect(within(screen.getByRole('table', { name: 'Who takes part' })).getAllByRole('row')).toHaveLength(3);
  expect(screen.getByText('0 to 120 years')).toBeVisible();
  expect(screen.getByText('70%')).toBeVisible();
  expect(screen.getByText('The errors at each checkpoint.')).toBeVisible();
  expect(screen.getByText('Linear regression')).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);
});

test('links transactions where an explorer is known', async () => {
  answer('get', '/v1/board', { ...OVERVIEW, explorer_url: 'https://explorer.example' });
  answer('get', '/v1/board/jobs/7', JOB);
  renderPage(page, { at });
  const links = await screen.findAllByRole('link', { name: '0xabab…abab' });
  expect(links.map((link) => link.getAttribute('href'))).toEqual(Array(2).fill(`https://explorer.example/tx/${HASH}`));
});

test('says why a job ended', async () => {
  answer('get', '/v1/board', OVERVIEW);
  const failed = { ...JOB, state: 'failed', reason: 'a trainer did not answer', waiting_for: null, checkpoints: [] };
  answer('get', '/v1/board/jobs/7', failed);
  renderPage(page, { at, locale: 'es' });
  expect(await screen.findByRole('alert')).toHaveTextContent('Por qué acabó');
  expect(screen.getByText('El trabajo acabó antes del primer control, así que no hay curva.')).toBeVisible();
});

test('says which validator takes no further part, and why', async () => {
  answer('get', '/v1/board', OVERVIEW);
  const [trainer, validator] = JOB.owners_list;
  const out = { ...validator, out: 'it did not answer in time at checkpoint 3' };
  answer('get', '/v1/board/jobs/7', { ...JOB, owners_list: [trainer, out] });
  renderPage(page, { at });
  expect(await screen.findByText(/takes no further part\./)).toHaveTextContent(
    'It did not answer in time at checkpoint 3.',
  );
});

test('says that nobody has accepted yet', async () => {
  answer('get', '/v1/board', OVERVIEW);
  const open = {
    ...JOB,
    state: 'recruiting',
    owners: 0,
    owners_list: [],
    checkpoints: [],
    mse: null,
    waiting_for: null,
  };
  answer('get', '/v1/board/jobs/7', open);
  renderPage(page, { at });
  expect(await screen.findByText('No data owner has accepted yet.')).toBeVisible();
});

test('says kindly that there is no such job, and leads to those that there are', async () => {
  refuse('get', '/v1/board/jobs/7', 404, 'not_found', 'job 7 is not known here');
  const { container } = renderPage(page, { at });
  expect(await screen.findByRole('heading', { level: 1, name: 'There is no such job' })).toBeVisible();
  expect(screen.getByRole('heading', { name: 'Nothing is known here of a job 7' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'All jobs' })).toHaveAttribute('href', '/jobs');
  expect(await axeFindings(container)).toEqual([]);
});

test.each(['0', '-1', 'seven', '1e3', '99999999999999999999'])('asks nobody about a job %s', async (number) => {
  renderPage(page, { at: `/jobs/${number}` });
  expect(await screen.findByRole('heading', { name: `Nothing is known here of a job ${number}` })).toBeVisible();
});

test('says what is wrong when the service refuses', async () => {
  refuse('get', '/v1/board/jobs/7', 503, 'service_unavailable', 'the database is busy');
  renderPage(page, { at });
  expect(await screen.findByRole('alert')).toHaveTextContent('The database is busy.');
});

test('says that it loads', () => {
  hang('get', '/v1/board/jobs/7');
  renderPage(page, { at });
  expect(screen.getByRole('status', { name: 'Loading…' })).toBeVisible();
});
