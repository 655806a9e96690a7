import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { BoardFace } from '../BoardFace';
import { OVERVIEW, ROW } from '../examples';

const NO_JOBS = { jobs: [], total: 0, counts: {} };

test('shows the market, the contract and the health of the parts to anybody', async () => {
  answer('get', '/v1/board', OVERVIEW);
  const asked = answer('get', '/v1/board/jobs', { jobs: [ROW], total: 9, counts: { open: 9 } });
  const { container } = renderPage(<BoardFace />);

  expect(await screen.findByRole('heading', { level: 1, name: 'The market' })).toBeVisible();
  expect(await screen.findByText('Open jobs')).toBeVisible();
  expect(await screen.findByRole('link', { name: 'Progression of diabetes' })).toHaveAttribute('href', '/jobs/7');
  expect(screen.getByRole('link', { name: 'All open jobs' })).toHaveAttribute('href', '/jobs?group=open');
  expect(screen.getByText('0x2222…2222')).toBeVisible();
  expect(screen.getByText('1,234')).toBeVisible();
  expect(screen.getAllByText('Works')).toHaveLength(5);
  expect(screen.getByText('On their way: 2.')).toBeVisible();
  expect(asked[0]?.url.searchParams.get('group')).toBe('open');
  expect(screen.getByRole('columnheader', { name: 'To accept by' })).toBeInTheDocument();
  expect(screen.queryByRole('columnheader', { name: 'MSE' })).not.toBeInTheDocument();
  expect(screen.getByRole('link', { name: '9 with a result' })).toHaveAttribute('href', '/jobs?group=ended');
  expect(await axeFindings(container)).toEqual([]);
});

test('says which part does not work, and keeps the rest', async () => {
  const chain = {
    ...OVERVIEW.chain,
    ok: false,
    block_number: null,
    block_time: null,
    job_count: null,
    escrowed_wei: null,
  };
  const parts = [
    { name: 'database', ok: true, detail: '' },
    { name: 'chain', ok: false, detail: '' },
  ];
  answer('get', '/v1/board', { ...OVERVIEW, chain, parts });
  answer('get', '/v1/board/jobs', NO_JOBS);
  renderPage(<BoardFace />, { locale: 'es' });

  expect(await screen.findByText('La cadena no responde')).toBeVisible();
  expect(screen.getAllByText('No funciona')).toHaveLength(1);
  expect(screen.getByText('Funciona')).toBeVisible();
  const contract = screen.getByText('Contrato', { selector: 'li div' }).closest('li');
  expect(within(contract as HTMLElement).getByText('Fuera de la vista')).toBeVisible();
});

test('invites when nothing is open', async () => {
  answer('get', '/v1/board', OVERVIEW);
  answer('get', '/v1/board/jobs', NO_JOBS);
  renderPage(<BoardFace />);
  expect(await screen.findByRole('heading', { name: 'No job is open' })).toBeVisible();
});

test('says that it loads', () => {
  hang('get', '/v1/board');
  renderPage(<BoardFace />);
  expect(screen.getByRole('status', { name: 'Loading…' })).toBeVisible();
});

test('offers to try again after an error', async () => {
  refuse('get', '/v1/board', 429, 'too_many_requests', 'too many requests', { retry_after_s: 2 });
  const { user } = renderPage(<BoardFace />);
  expect(await screen.findByRole('alert')).toHaveTextContent('Too many requests.');

  answer('get', '/v1/board', OVERVIEW);
  answer('get', '/v1/board/jobs', NO_JOBS);
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('Open jobs')).toBeVisible();
});

test('says so where there is no page', async () => {
  renderPage(<BoardFace />, { at: '/nowhere' });
  expect(await screen.findByText('There is no such page')).toBeVisible();
});

test('keeps what it has when a later answer fails, and says so', async () => {
  answer('get', '/v1/board', OVERVIEW);
  answer('get', '/v1/board/jobs', NO_JOBS);
  renderPage(<BoardFace />);
  expect(await screen.findByText('Open jobs')).toBeVisible();

  refuse('get', '/v1/board', 503, 'service_unavailable', 'the database is busy');
  expect(await screen.findByText('This may be out of date')).toBeVisible();
  expect(screen.getByText('The database is busy.')).toBeVisible();
  expect(screen.getByText('Open jobs')).toBeVisible();
});
