import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, refuse } from '@/test/server';
import { ROW } from '../examples';
import { JobsPage } from './JobsPage';

const COUNTS = { open: 1, running: 1, ended: 58 };

test('lists jobs with their metrics and searches among them', async () => {
  const asked = answer('get', '/v1/board/jobs', { jobs: [ROW], total: 60, counts: COUNTS });
  const { user, address, container } = renderPage(<JobsPage />, { at: '/jobs' });

  const row = await screen.findByRole('row', { name: /Progression of diabetes/ });
  for (const text of ['Linear regression', 'Running', '5', '40 of 100', '3,500.5', '50%']) {
    expect(within(row).getByText(text)).toBeVisible();
  }
  expect(await axeFindings(container)).toEqual([]);

  await user.click(screen.getByRole('radio', { name: /Ended/ }));
  await user.type(screen.getByRole('searchbox'), 'dia');
  await waitFor(() => expect(asked.at(-1)?.url.search).toBe('?group=ended&query=dia&limit=25&offset=0'));
  expect(address()).toBe('/jobs?group=ended&query=dia');

  await user.click(screen.getByRole('button', { name: 'Next page' }));
  await waitFor(() => expect(asked.at(-1)?.url.searchParams.get('offset')).toBe('25'));
});

test('says that nothing fits a search, and keeps the search', async () => {
  answer('get', '/v1/board/jobs', { jobs: [], total: 0, counts: COUNTS });
  renderPage(<JobsPage />, { at: '/jobs?query=nothing' });
  expect(await screen.findByText('No job fits')).toBeVisible();
  expect(screen.getByRole('searchbox')).toHaveValue('nothing');
});

test('explains an empty market', async () => {
  answer('get', '/v1/board/jobs', { jobs: [], total: 0, counts: {} });
  renderPage(<JobsPage />, { locale: 'es' });
  expect(await screen.findByText('Aún no hay trabajos')).toBeVisible();
});

test('shows an error', async () => {
  refuse('get', '/v1/board/jobs', 500, 'internal_error', 'internal error');
  renderPage(<JobsPage />);
  expect(await screen.findByRole('alert')).toHaveTextContent('test-request');
});
