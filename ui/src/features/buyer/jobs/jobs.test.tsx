import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { SUMMARY } from '../test/answers';
import { JobsPage } from './JobsPage';

const page = (jobs: (typeof SUMMARY)[], total = jobs.length) => ({ jobs, total, counts: { training: total } });

test('shows bars while it loads', () => {
  hang('get', '/v1/jobs');
  renderPage(<JobsPage />);
  expect(screen.getByRole('status', { name: 'Loading…' })).toBeVisible();
});

test('leads to the wizard when there are no jobs', async () => {
  answer('get', '/v1/jobs', { jobs: [], total: 0, counts: {} });
  renderPage(<JobsPage />);
  expect(await screen.findByRole('heading', { name: 'No jobs yet' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Post the first job' })).toHaveAttribute('href', '/jobs/new');
});

test('says what is wrong, and tries again', async () => {
  refuse('get', '/v1/jobs', 503, 'service_unavailable', 'the database is locked');
  const { user } = renderPage(<JobsPage />);
  expect(await screen.findByRole('alert')).toHaveTextContent('The database is locked.');
  answer('get', '/v1/jobs', page([SUMMARY]));
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('link', { name: 'Blood sugar' })).toBeVisible();
});

test('lists state, course and deposit of each job', async () => {
  answer('get', '/v1/jobs', page([SUMMARY, { ...SUMMARY, id: 'a2', title: 'Rents', status: 'recruiting' }]));
  const { container } = renderPage(<JobsPage />);
  const row = await screen.findByRole('row', { name: /Blood sugar/ });
  expect(within(row).getByText('Running')).toBeVisible();
  expect(within(row).getByText('Linear regression')).toBeVisible();
  expect(within(row).getByText('40 of 100')).toBeVisible();
  expect(within(row).getByText('40%')).toBeVisible();
  expect(within(row).getByRole('button', { name: '1 ETH' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Rents' })).toHaveAttribute('href', '/jobs/a2');
  expect(await axeFindings(container)).toEqual([]);
});

test('asks the service for one page, one status and a search, and keeps them in the address', async () => {
  const asked = answer('get', '/v1/jobs', page([SUMMARY], 1000));
  const { user, address } = renderPage(<JobsPage />, { at: '/jobs' });
  await user.click(await screen.findByRole('button', { name: 'Next page' }));
  expect(await screen.findAllByText('26–50 of 1000')).not.toHaveLength(0);
  expect(Object.fromEntries(asked.at(-1)?.url.searchParams ?? [])).toEqual({ limit: '25', offset: '25' });

  await user.click(screen.getByRole('radio', { name: /Running/ }));
  await user.type(screen.getByRole('searchbox', { name: 'Search the titles' }), 'sugar');
  expect(address()).toBe('/jobs?status=training&query=sugar');
  await screen.findAllByText('1–25 of 1000');
  expect(Object.fromEntries(asked.at(-1)?.url.searchParams ?? [])).toEqual({
    status: 'training',
    query: 'sugar',
    limit: '25',
    offset: '0',
  });
});

test('says that nothing fits a search', async () => {
  answer('get', '/v1/jobs', { jobs: [], total: 0, counts: {} });
  renderPage(<JobsPage />, { at: '/jobs?query=zebra', locale: 'es' });
  expect(await screen.findByRole('heading', { name: 'Ningún trabajo coincide' })).toBeVisible();
});
