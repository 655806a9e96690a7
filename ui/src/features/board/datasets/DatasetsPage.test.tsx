import { screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, refuse } from '@/test/server';
import { DATASET } from '../examples';
import { DatasetsPage } from './DatasetsPage';

const TAGS = [
  { tag: 'clinic', count: 1 },
  { tag: 'health', count: 4 },
];

test('shows names, columns and sizes, and finds by text and tags', async () => {
  const asked = answer('get', '/v1/board/datasets', { datasets: [DATASET], total: 1, tags: TAGS });
  const { user, address, container } = renderPage(<DatasetsPage />);

  expect(await screen.findByText('One row each patient')).toBeVisible();
  await user.click(screen.getByText('2 columns'));
  expect(screen.getByText('age: whole number')).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);

  await user.click(screen.getByRole('button', { name: 'health 4' }));
  await user.click(screen.getByRole('button', { name: 'clinic 1' }));
  await user.type(screen.getByRole('searchbox'), 'bmi');
  await waitFor(() => expect(address()).toBe('/?tag=health&tag=clinic&query=bmi'));
  await waitFor(() => expect(asked.at(-1)?.url.searchParams.getAll('tag')).toEqual(['health', 'clinic']));
  expect(asked.at(-1)?.url.searchParams.get('query')).toBe('bmi');
});

test('a tag that nothing has any more can be taken away', async () => {
  answer('get', '/v1/board/datasets', { datasets: [], total: 0, tags: [] });
  const { user, address } = renderPage(<DatasetsPage />, { at: '/?tag=gone' });
  expect(await screen.findByText('No dataset fits')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'gone 0' }));
  expect(address()).toBe('/');
});

test('explains an empty catalogue', async () => {
  answer('get', '/v1/board/datasets', { datasets: [], total: 0, tags: [] });
  renderPage(<DatasetsPage />, { locale: 'es' });
  expect(await screen.findByText('Aún no hay datos')).toBeVisible();
});

test('shows an error', async () => {
  refuse('get', '/v1/board/datasets', 503, 'service_unavailable', 'the database is busy');
  renderPage(<DatasetsPage />);
  expect(await screen.findByRole('alert')).toHaveTextContent('The database is busy.');
});

test('shows what owners wrote as text, whatever it looks like', async () => {
  const html = '<img src=x onerror=alert(1)>';
  const hostile = {
    ...DATASET,
    name: `${html}name`,
    description: `${html}description`,
    owner_name: `${html}owner`,
    tags: [`${html}tag`],
    columns: [{ name: `${html}column`, type: `${html}type` }],
  };
  answer('get', '/v1/board/datasets', { datasets: [hostile], total: 1, tags: [{ tag: `${html}tag`, count: 1 }] });
  const { user, container } = renderPage(<DatasetsPage />);
  expect(await screen.findByText(`${html}description`)).toBeVisible();
  await user.click(screen.getByText('1 column'));
  expect(screen.getByText(`${html}column: ${html}type`)).toBeVisible();
  expect(container.querySelectorAll('img, script, iframe')).toHaveLength(0);
});
