import { screen, within } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { WORDS_OF_MODELS } from '../toySum';
import { OUTCOME, STATISTICS } from './examples';
import Result from './result';

const result = <Result jobId="a1" computation={STATISTICS} title="Patients" improvementPercent={null} />;

afterEach(() => vi.restoreAllMocks());

function catchDownload(): { name: string; text: Promise<string> }[] {
  const caught: { name: string; text: Promise<string> }[] = [];
  let text = Promise.resolve('');
  URL.createObjectURL = (blob: Blob) => {
    text = blob.text();
    return 'blob:test';
  };
  URL.revokeObjectURL = () => undefined;
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    caught.push({ name: this.download, text });
  });
  return caught;
}

test('shows all columns in a table, in the order in which they were asked for', async () => {
  answer('get', '/v1/jobs/a1/result', OUTCOME);
  const { container, user } = renderPage(result);
  await user.click(await screen.findByRole('tab', { name: 'Table' }));
  const table = await screen.findByRole('table', { name: 'All columns' });
  const rows = within(table).getAllByRole('row').slice(1);
  expect(rows.map((row) => within(row).getByRole('rowheader').textContent.trim())).toEqual([
    'age (years)',
    'site',
    'sex',
    'dose (mg)',
  ]);
  const cells = (row: HTMLElement | undefined) =>
    row
      ? within(row)
          .getAllByRole('cell')
          .map((cell) => cell.textContent)
      : [];
  expect(cells(rows[0]).join(' ')).toMatch(/442.*0.*48\.25.*13\.1.*0.*75/);
  expect(cells(rows[3]).join(' ')).toMatch(/0.*442.*does not apply.*does not apply/);
  expect(within(table).getByRole('img', { name: 'Distribution of age from 0 to 100' })).toBeVisible();
  expect(within(table).getByRole('img', { name: 'Levels of sex: most often m (55%)' })).toBeVisible();
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(await axeFindings(container)).toEqual([]);
});

test('shows each column by itself, with the numbers behind its bars', async () => {
  answer('get', '/v1/jobs/a1/result', OUTCOME);
  const { user, container } = renderPage(result);
  const age = within(await screen.findByRole('region', { name: 'age' }));
  expect(age.getByText('Standard deviation').closest('div')).toHaveTextContent('13.1');
  await user.click(age.getByRole('button', { name: 'Show as a table' }));
  expect(age.getByRole('row', { name: '25 to 50 222' })).toBeVisible();
  const sex = within(screen.getByRole('region', { name: 'sex' }));
  expect(sex.getByText('242 (55%)')).toBeVisible();
  expect(sex.getByText('Missing').closest('div')).toHaveTextContent('2');
  expect(within(screen.getByRole('region', { name: 'dose' })).getByText(/No owner has a value/)).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);
});

test('shows correlations as numbers with colours, and says which columns are constant', async () => {
  answer('get', '/v1/jobs/a1/result', OUTCOME);
  const { user, container } = renderPage(result);
  await user.click(await screen.findByRole('tab', { name: 'Correlations' }));
  expect(await axeFindings(container)).toEqual([]);
  const table = within(await screen.findByRole('region', { name: 'Correlations of the columns of numbers' }));
  expect(table.getByRole('row', { name: 'age 1.00 constant column' })).toBeVisible();
  expect(screen.getByRole('cell', { name: '1.00' })).toHaveClass('p5');
  expect(screen.getByRole('list', { name: 'What the colours mean' })).toHaveTextContent('one against the other');
});

test('shows a part of many correlations at a time', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `x${index}`);
  const matrix = names.map((_, line) => names.map((__, across) => (line === across ? 1 : (line - across) / 20)));
  answer('get', '/v1/jobs/a1/result', { ...OUTCOME, correlation: { columns: names, matrix } });
  const { user } = renderPage(result, { locale: 'es' });
  await user.click(await screen.findByRole('tab', { name: 'Correlaciones' }));
  const table = await screen.findByRole('region', { name: 'Correlaciones de las columnas de números' });
  expect(within(table).getAllByRole('columnheader')).toHaveLength(15);
  expect(within(table).queryByRole('columnheader', { name: 'x19' })).not.toBeInTheDocument();
  const [, across] = screen.getAllByRole('button', { name: 'Página siguiente' });
  if (across) await user.click(across);
  expect(within(table).getByRole('columnheader', { name: 'x19' })).toBeVisible();
  expect(within(table).getByRole('row', { name: /^x0 -0,75/ })).toBeVisible();
});

test('says nothing of correlations that were not asked for', async () => {
  answer('get', '/v1/jobs/a1/result', { ...OUTCOME, correlation: null });
  renderPage(result);
  expect(await screen.findByRole('tab', { name: 'Table' })).toBeVisible();
  expect(screen.queryByText('Correlations')).not.toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Correlations as CSV' })).not.toBeInTheDocument();
});

test('gives everything as files', async () => {
  answer('get', '/v1/jobs/a1/result', OUTCOME);
  const { user } = renderPage(result);
  expect(await screen.findByRole('link', { name: 'Download as JSON' })).toHaveAttribute('download', 'patients.json');
  const caught = catchDownload();
  for (const name of ['Table as CSV', 'Counts as CSV', 'Correlations as CSV']) {
    await user.click(screen.getByRole('button', { name }));
  }
  const [table, counts, correlations] = await Promise.all(caught.map(({ text }) => text));
  expect(caught.map(({ name }) => name)).toEqual([
    'patients-table.csv',
    'patients-counts.csv',
    'patients-correlations.csv',
  ]);
  expect(table?.split('\r\n')).toContain('age,number,years,442,0,48.25,171.61,13.1,0,75');
  expect(table?.split('\r\n')).toContain('sex,category,,440,2,,,,,');
  expect(counts?.split('\r\n')).toContain('age,,25,50,222');
  expect(counts?.split('\r\n')).toContain('sex,m,,,242');
  expect(correlations).toBe('column,age,site\r\nage,1,\r\nsite,,\r\n');
});

test('shows as it is what a later version says in another way', async () => {
  answer('get', '/v1/jobs/a1/result', { format: 'DeltaML statistics v9', sums: 7 });
  renderPage(result);
  expect(await screen.findByText('DeltaML statistics v9')).toBeVisible();
});

test('says that it loads, and why there is nothing', async () => {
  hang('get', '/v1/jobs/a1/result');
  const first = renderPage(result);
  expect(screen.getByRole('status', { name: 'Loading…' })).toBeVisible();
  first.unmount();
  refuse('get', '/v1/jobs/a1/result', 409, 'conflict', 'the sums are masked until everybody is paid');
  renderPage(result);
  expect(await screen.findByRole('alert')).toHaveTextContent('The sums are masked until everybody is paid.');
});
