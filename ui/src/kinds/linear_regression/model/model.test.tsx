import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { afterEach, expect, test, vi } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, refuse, server } from '@/test/server';
import { MODEL } from './answers';
import { ModelCard } from './ModelCard';

const card = <ModelCard jobId="a1" title="Blood sugar: 2 measurements" />;
const file = (text: string, name = 'rows.csv') => new File([text], name, { type: 'text/csv' });

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

test('shows the weights with their units, and gives them as files', async () => {
  answer('get', '/v1/jobs/a1/model', MODEL);
  const { user, container } = renderPage(card);
  expect(await screen.findByRole('row', { name: /bmi -2 mg\/dl per unit of bmi -60/ })).toBeVisible();
  expect(screen.getByRole('row', { name: /Intercept 120 mg\/dl/ })).toBeVisible();
  const json = screen.getByRole('link', { name: 'Download as JSON' });
  expect(json).toHaveAttribute('href', '/v1/jobs/a1/model');
  expect(json).toHaveAttribute('download', 'blood-sugar-2-measurements.json');
  expect(await axeFindings(container)).toEqual([]);

  const caught = catchDownload();
  await user.click(screen.getByRole('button', { name: 'Download as CSV' }));
  expect(caught[0]?.name).toBe('blood-sugar-2-measurements-weights.csv');
  expect(await caught[0]?.text).toBe(
    'name,unit,minimum,maximum,weight\r\nage,years,18,90,1.5\r\nbmi,,15,45,-2\r\nintercept,mg/dl,,,120\r\n',
  );
});

test('predicts for values that are typed', async () => {
  answer('get', '/v1/jobs/a1/model', MODEL);
  const asked = answer('post', '/v1/jobs/a1/predictions', { target: 'sugar', unit: 'mg/dl', predictions: [151.25] });
  const { user } = renderPage(card);
  await user.click(await screen.findByRole('tab', { name: 'Predict' }));
  const bmi = screen.getByLabelText('bmi');
  expect(bmi).toHaveValue('30');

  await user.clear(bmi);
  await user.click(screen.getByRole('button', { name: 'Predict' }));
  expect(await screen.findByText('Enter a number, for example 1234.5.')).toBeVisible();
  expect(bmi).toHaveAccessibleDescription('Enter a number, for example 1234.5.');
  expect(asked).toHaveLength(0);

  await user.type(bmi, '50,5');
  expect(bmi).toHaveAccessibleDescription(/Outside of 15 to 45/);
  await user.click(screen.getByRole('button', { name: 'Predict' }));
  expect(await screen.findByText('151.25 mg/dl')).toBeVisible();
  expect(asked[0]?.body).toEqual({ rows: [{ age: 54, bmi: 50.5 }] });
});

async function openCsv() {
  answer('get', '/v1/jobs/a1/model', MODEL);
  const rendered = renderPage(card);
  await rendered.user.click(await screen.findByRole('tab', { name: 'Predict from a CSV' }));
  const input = document.querySelector<HTMLInputElement>('input[type=file]');
  if (input === null) throw new Error('there is no place for a file');
  return { ...rendered, input };
}

test('predicts for the rows of a file, shows them and gives them back', async () => {
  const received: string[] = [];
  const result = 'age,bmi,id,predicted sugar\r\n18,20,a,101.5\r\n20,"21",b,99\r\n';
  server.use(
    http.post('/v1/jobs/a1/predictions/csv', async ({ request }) => {
      received.push(request.headers.get('Content-Type') ?? '', await request.text());
      return HttpResponse.text(result, { headers: { 'Content-Type': 'text/csv' } });
    }),
  );
  const { user, input } = await openCsv();
  await user.upload(input, file('age,bmi,id\n18,20,a\n20,21,b\n'));
  expect(await screen.findByText('Predicted 2 rows')).toBeVisible();
  expect(received).toEqual(['text/csv', 'age,bmi,id\n18,20,a\n20,21,b\n']);
  expect(screen.getByRole('cell', { name: '101.5' })).toBeVisible();

  const caught = catchDownload();
  await user.click(screen.getByRole('button', { name: 'Download the result' }));
  expect(await caught[0]?.text).toBe(result);
});

test('names the cells of a file that are no numbers', async () => {
  const cells = Array.from({ length: 7 }, (_, index) => ({ row: 17 + index, column: 'bmi' }));
  refuse('post', '/v1/jobs/a1/predictions/csv', 422, 'invalid_input', 'row 17 …', {
    field: 'bmi',
    row: 17,
    cells,
    cell_count: 1007,
  });
  const { user, input } = await openCsv();
  await user.upload(input, file('age\n1\n'));
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('1,007 cells are not numbers');
  expect(within(alert).getAllByRole('listitem')).toHaveLength(5);
  expect(alert).toHaveTextContent('Row 17: “bmi”');
  expect(alert).toHaveTextContent('and 1,002 more');
});

test.each([
  [{ field: 'bmi' }, 'The file has no column “bmi”.'],
  [{ field: 'csv', row: 3 }, 'Row 3: has not as many cells as the header.'],
])('says what is wrong with a file: %j', async (fields, text) => {
  refuse(
    'post',
    '/v1/jobs/a1/predictions/csv',
    422,
    'invalid_input',
    'row 3: has not as many cells as the header',
    fields,
  );
  const { user, input } = await openCsv();
  await user.upload(input, file('age\n1\n'));
  expect(await screen.findByRole('alert')).toHaveTextContent(text);
});

test('takes CSV files only', async () => {
  const { input } = await openCsv();
  await userEvent.setup({ applyAccept: false }).upload(input, file('x', 'rows.xlsx'));
  expect(await screen.findByRole('alert')).toHaveTextContent('Choose a CSV file');
});

test('says why there is no model', async () => {
  refuse('get', '/v1/jobs/a1/model', 409, 'conflict', 'the weights are masked until everybody is paid');
  renderPage(card);
  expect(await screen.findByRole('alert')).toHaveTextContent('The weights are masked until everybody is paid.');
});
