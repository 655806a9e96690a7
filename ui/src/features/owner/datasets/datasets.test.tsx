import { screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { expect, test, vi } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse, vanish } from '@/test/server';
import { DATASET } from '../test/answers';
import { AddDatasetPage } from './AddDatasetPage';
import { DatasetPage } from './DatasetPage';
import { DatasetsPage } from './DatasetsPage';

const pages = (
  <Routes>
    <Route path="/datasets" element={<DatasetsPage />} />
    <Route path="/datasets/new" element={<AddDatasetPage />} />
    <Route path="/datasets/:datasetId" element={<DatasetPage />} />
  </Routes>
);
const HISTOGRAMS = {
  dataset_id: 'd1',
  row_count: 442,
  histograms: [{ column: 'age', edges: [-0.1, 0, 0.11], counts: [200, 242], missing_count: 0, unusable_count: 0 }],
};
const csv = new File(['age,bmi\n1,2\n'], 'rows.csv', { type: 'text/csv' });

test('shows bars while the list is on its way', async () => {
  hang('get', '/v1/datasets');
  renderPage(pages, { at: '/datasets' });
  expect(await screen.findByRole('status', { name: 'Loading…' })).toBeVisible();
});

test('says why the list could not be loaded, and tries again when told to', async () => {
  refuse('get', '/v1/datasets', 503, 'service_unavailable', 'the database is locked');
  const { user } = renderPage(pages, { at: '/datasets' });
  expect(await screen.findByRole('alert')).toHaveTextContent('The database is locked.');

  answer('get', '/v1/datasets', { datasets: [DATASET] });
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('link', { name: 'Ward 7' })).toBeVisible();
});

test('leads from an empty list to the first dataset', async () => {
  answer('get', '/v1/datasets', { datasets: [] });
  const { user, address } = renderPage(pages, { at: '/datasets' });
  await user.click(await screen.findByRole('link', { name: 'Add a dataset' }));
  expect(address()).toBe('/datasets/new');
});

test('lists datasets with what stands in the way, and finds them by a column', async () => {
  const usable = {
    ...DATASET,
    dataset_id: 'd2',
    name: 'Clinic',
    tags: [],
    columns: [DATASET.columns[0]],
    used_by: [3],
  };
  answer('get', '/v1/datasets', { datasets: [DATASET, usable] });
  const { user, container, address } = renderPage(pages, { at: '/datasets' });

  const row = await screen.findByRole('row', { name: /Ward 7/ });
  expect(within(row).getByText('1 column with problems')).toBeVisible();
  expect(screen.getByText('In use by 1 job')).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);

  await user.type(screen.getByRole('searchbox', { name: 'Search datasets' }), 'REGION');
  expect(screen.queryByRole('link', { name: 'Clinic' })).not.toBeInTheDocument();
  expect(address()).toBe('/datasets?query=REGION');
  await user.clear(screen.getByRole('searchbox'));
  await user.type(screen.getByRole('searchbox'), 'nothing like it');
  expect(screen.getByText('No dataset is called that')).toBeVisible();
});

test('shows a list of a thousand datasets page by page', async () => {
  const datasets = Array.from({ length: 1000 }, (_, index) => ({
    ...DATASET,
    dataset_id: `d${index}`,
    name: `Set ${index}`,
  }));
  answer('get', '/v1/datasets', { datasets });
  const { user } = renderPage(pages, { at: '/datasets' });
  await screen.findByRole('link', { name: 'Set 0' });
  expect(screen.getAllByRole('row')).toHaveLength(26);

  await user.click(screen.getByRole('button', { name: 'Next page' }));
  expect(await screen.findByRole('link', { name: 'Set 25' })).toBeVisible();
  expect(screen.getByText('26–50 of 1000')).toBeVisible();
});

test('uploads a file with its name and tags', async () => {
  const posted = answer('post', '/v1/datasets', DATASET, 201);
  answer('get', '/v1/datasets/d1', DATASET);
  answer('get', '/v1/datasets/d1/histograms', HISTOGRAMS);
  const { user, container, address } = renderPage(pages, { at: '/datasets/new' });

  await user.upload(container.querySelector('input[type=file]') as HTMLInputElement, csv);
  expect(screen.getByText('rows.csv (12 byte)')).toBeVisible();
  await user.type(screen.getByLabelText(/^Name/), 'Ward 7');
  await user.type(screen.getByLabelText(/^Tags/), 'health, 2026');
  expect(await axeFindings(container)).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Add dataset' }));

  expect(await screen.findByRole('heading', { name: 'Ward 7' })).toBeVisible();
  expect(address()).toBe('/datasets/d1');
  expect(posted[0]?.body).toMatch(/name="tags"\r\n\r\nhealth,2026\r\n/);
  expect(posted[0]?.body).toMatch(/name="file"; filename=".*"\r\nContent-Type: text\/csv/);
});

test('says beside the fields what is missing before anything is sent', async () => {
  const { user, container } = renderPage(pages, { at: '/datasets/new' });
  await user.click(screen.getByRole('button', { name: 'Add dataset' }));
  expect(await screen.findByText('Choose a file, or drop one here.')).toBeVisible();

  const wrong = new File(['x'], 'rows.xlsx');
  await user.upload(container.querySelector('input[type=file]') as HTMLInputElement, wrong);
  expect(screen.getByText('Choose a file whose name ends in .csv or .parquet.')).toBeVisible();

  await user.click(screen.getByRole('radio', { name: 'On the machine of the service' }));
  await user.click(screen.getByRole('button', { name: 'Add dataset' }));
  expect(await screen.findByLabelText('Path')).toHaveAccessibleDescription(/Enter where the file is/);
  await user.type(screen.getByLabelText('Path'), 'rows.csv');
  expect(screen.getByLabelText('Path')).toHaveAccessibleDescription(/whole path, beginning with/);
});

test('puts the refusal of the service beside the path, and keeps what was typed over a reload', async () => {
  refuse('post', '/v1/datasets', 404, 'not_found', 'path: there is no file /data/x.csv', {
    field: 'path',
    errors: [{ field: 'path', message: 'there is no file /data/x.csv' }],
  });
  const first = renderPage(pages, { at: '/datasets/new' });
  await first.user.click(screen.getByRole('radio', { name: 'On the machine of the service' }));
  await first.user.type(screen.getByLabelText('Path'), '/data/x.csv');
  await first.user.type(screen.getByLabelText(/^Description/), 'Two years');
  await first.user.click(screen.getByRole('button', { name: 'Add dataset' }));
  await screen.findByText('There is no file /data/x.csv.');
  expect(screen.getByLabelText('Path')).toHaveAccessibleDescription('There is no file /data/x.csv.');

  first.unmount();
  const second = renderPage(pages, { at: '/datasets/new' });
  expect(screen.getByLabelText('Path')).toHaveValue('/data/x.csv');
  expect(screen.getByLabelText(/^Description/)).toHaveValue('Two years');
  await second.user.click(screen.getByRole('radio', { name: 'On this computer' }));
  expect(screen.getByText(/the file has to be chosen again/)).toBeVisible();
});

test('says at the file what is wrong with it, has it chosen again, and keeps the rest', async () => {
  const message = 'rows.csv is a PDF document; save the table as CSV in UTF-8, or as Parquet';
  refuse('post', '/v1/datasets', 422, 'dataset_invalid', message, {
    field: 'file',
    errors: [{ field: 'file', message }],
  });
  const { user, container } = renderPage(pages, { at: '/datasets/new' });
  await user.upload(container.querySelector('input[type=file]') as HTMLInputElement, csv);
  await user.type(screen.getByLabelText(/^Tags/), 'health');
  await user.click(screen.getByRole('button', { name: 'Add dataset' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('rows.csv is a PDF document');
  expect(screen.getAllByText(/is a PDF document/)).toHaveLength(1);
  expect(screen.getByRole('button', { name: 'Choose a file…' })).toHaveFocus();
  expect(screen.getByLabelText(/^Tags/)).toHaveValue('health');

  await user.upload(container.querySelector('input[type=file]') as HTMLInputElement, new File(['a\n1\n'], 'a.csv'));
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

test('has a file chosen again that has changed since, and sends nothing', async () => {
  const posted = answer('post', '/v1/datasets', DATASET, 201);
  const { user, container } = renderPage(pages, { at: '/datasets/new' });
  const changed = new File(['a\n1\n'], 'a.csv');
  const unreadable = { arrayBuffer: () => Promise.reject(new DOMException('changed', 'NotReadableError')) };
  vi.spyOn(changed, 'slice').mockReturnValue(unreadable as unknown as Blob);
  await user.upload(container.querySelector('input[type=file]') as HTMLInputElement, changed);
  await user.click(screen.getByRole('button', { name: 'Add dataset' }));
  expect(await screen.findByRole('alert')).toHaveTextContent('Choose it again.');
  expect(posted).toHaveLength(0);
});

test('leads to the dataset that a file was added as before', async () => {
  refuse('post', '/v1/datasets', 409, 'conflict', 'added before', {
    dataset_id: 'd1',
    field: 'path',
    errors: [{ field: 'path', message: 'added before' }],
  });
  const { user, container } = renderPage(pages, { at: '/datasets/new' });
  await user.upload(container.querySelector('input[type=file]') as HTMLInputElement, csv);
  await user.click(screen.getByRole('button', { name: 'Add dataset' }));
  expect(await screen.findByRole('link', { name: 'Show it' })).toHaveAttribute('href', '/datasets/d1');
});

test('shows columns with ranges, distribution and the first bad cell', async () => {
  answer('get', '/v1/datasets/d1', DATASET);
  const asked = answer('get', '/v1/datasets/d1/histograms', HISTOGRAMS);
  const { container } = renderPage(pages, { at: '/datasets/d1' });

  expect(await screen.findByRole('img', { name: 'Distribution of age from -0.1 to 0.11' })).toBeVisible();
  expect(
    screen.getByText(/2 cells are not numbers: row 17 holds “north”; 1 empty cell, the first in row 2/),
  ).toBeVisible();
  expect(screen.getByText('Some columns cannot be used as they are')).toBeVisible();
  expect(asked[0]?.url.searchParams.getAll('column')).toEqual(['age']);
  expect(await axeFindings(container)).toEqual([]);
});

test('shows the dataset although the file for its distributions is gone', async () => {
  answer('get', '/v1/datasets/d1', DATASET);
  refuse('get', '/v1/datasets/d1/histograms', 404, 'not_found', 'there is no file /data/ward7.csv');
  renderPage(pages, { at: '/datasets/d1' });
  expect(await screen.findByText('There is no file /data/ward7.csv.')).toBeVisible();
  expect(screen.getByText('-0.1 to 0.11')).toBeVisible();
});

test('edits name and tags', async () => {
  answer('get', '/v1/datasets/d1', DATASET);
  answer('get', '/v1/datasets/d1/histograms', HISTOGRAMS);
  const patched = answer('patch', '/v1/datasets/d1', DATASET);
  const { user } = renderPage(pages, { at: '/datasets/d1' });
  await user.click(await screen.findByRole('button', { name: 'Edit' }));
  const dialog = await screen.findByRole('dialog', { name: 'Edit the dataset' });
  await user.type(within(dialog).getByLabelText(/^Tags/), ', 2026, health');
  await user.click(within(dialog).getByRole('button', { name: 'Save' }));

  await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
  expect(patched[0]?.body).toEqual({ name: 'Ward 7', description: 'Weekly measurements', tags: ['health', '2026'] });
});

test('follows the entry in the public catalogue until it is there', async () => {
  const listings = ['pending', 'pending'];
  answer('get', '/v1/datasets/d1', () => ({ ...DATASET, listing: listings.shift() ?? 'listed' }));
  answer('get', '/v1/datasets/d1/histograms', HISTOGRAMS);
  renderPage(pages, { at: '/datasets/d1' });
  expect(await screen.findByText('On its way to the public catalogue')).toBeVisible();
  await waitFor(() => expect(screen.getByText('In the public catalogue')).toBeVisible(), { timeout: 10_000 });
});

test('does not remove a dataset that a job has come to use meanwhile, and says so', async () => {
  answer('get', '/v1/datasets/d1', DATASET);
  answer('get', '/v1/datasets/d1/histograms', HISTOGRAMS);
  refuse('delete', '/v1/datasets/d1', 409, 'conflict', 'the dataset is in use by job 3', { jobs: [3] });
  const { user } = renderPage(pages, { at: '/datasets/d1' });
  await user.click(await screen.findByRole('button', { name: 'Remove' }));
  await user.click(within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'Remove' }));
  expect(await screen.findByText('The dataset is in use by job 3.')).toBeVisible();
});

test('does not offer to remove a dataset that a job uses, and says which', async () => {
  answer('get', '/v1/datasets/d1', { ...DATASET, used_by: [3] });
  answer('get', '/v1/datasets/d1/histograms', HISTOGRAMS);
  const { user } = renderPage(pages, { at: '/datasets/d1' });
  await user.click(await screen.findByRole('button', { name: 'Remove' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Remove this dataset?' });
  expect(within(dialog).getByText(/cannot be removed while a job uses it \(Job 3\)/)).toBeVisible();
  expect(within(dialog).getByRole('button', { name: 'Remove' })).toBeDisabled();
});

test('removes after the confirmation and goes back to the list', async () => {
  answer('get', '/v1/datasets/d1', DATASET);
  answer('get', '/v1/datasets/d1/histograms', HISTOGRAMS);
  answer('get', '/v1/datasets', { datasets: [] });
  const deleted = answer('delete', '/v1/datasets/d1', null, 204);
  const { user, address } = renderPage(pages, { at: '/datasets/d1' });
  await user.click(await screen.findByRole('button', { name: 'Remove' }));
  expect(deleted).toHaveLength(0);
  await user.click(within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'Remove' }));

  expect(await screen.findByText('Add your first dataset')).toBeVisible();
  expect(address()).toBe('/datasets');
});

test('keeps showing what is known when the service goes away', async () => {
  answer('get', '/v1/datasets', { datasets: [DATASET] });
  const { user } = renderPage(pages, { at: '/datasets' });
  await screen.findByRole('link', { name: 'Ward 7' });

  vanish('get', '/v1/datasets');
  vanish('get', '/healthz');
  await user.type(screen.getByRole('searchbox'), 'ward');
  expect(screen.getByRole('link', { name: 'Ward 7' })).toBeVisible();
});

test('shows names, tags and columns of a file as text, whatever they look like', async () => {
  const html = '<img src=x onerror=alert(1)>';
  const hostile = {
    ...DATASET,
    name: `${html}name`,
    description: `${html}description`,
    path: `/data/${html}.csv`,
    tags: [`${html}tag`],
    columns: [{ ...DATASET.columns[0], name: `${html}column` }],
  };
  answer('get', '/v1/datasets/d1', hostile);
  answer('get', '/v1/datasets/d1/histograms', { histograms: [] });
  const { container } = renderPage(pages, { at: '/datasets/d1' });
  expect(await screen.findByRole('heading', { name: `${html}name` })).toBeVisible();
  expect(screen.getAllByText(`${html}column`)[0]).toBeVisible();
  expect(container.querySelectorAll('img, script, iframe')).toHaveLength(0);
});
