import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { axeFindings } from '@/test/render';
import { answer } from '@/test/server';
import { ACCOUNT } from '../test/answers';
import { featureRow, linear, next, openDraft, openFilled, PREVIEW } from '../test/wizard';

beforeEach(() => {
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/split-preview', PREVIEW);
});

test('says beside each field what to do, and puts the focus on the first', async () => {
  const { user, container } = openDraft('learn');
  await next(user);
  const title = await screen.findByLabelText('Title');
  await waitFor(() => expect(title).toHaveFocus());
  expect(title).toHaveAccessibleDescription('Give the job a title.');
  expect(featureRow(1).getByLabelText('Name')).toHaveAccessibleDescription(/Enter the column’s name/);
  expect(screen.getByRole('group', { name: 'Target' })).toHaveTextContent('Enter the name of the column to predict.');
  expect(await axeFindings(container)).toEqual([]);

  await user.type(title, 'Rents');
  await waitFor(() => expect(title).toHaveAccessibleDescription(/What data owners see first/));
});

test('keeps everything that was typed over a reload', async () => {
  const first = openDraft('learn');
  await first.user.type(screen.getByLabelText('Title'), 'Rents');
  await first.user.type(featureRow(1).getByLabelText('Minimum'), '-1,');
  await first.user.click(screen.getByRole('button', { name: 'Add a feature' }));
  await first.user.keyboard('rooms');
  first.unmount();

  openDraft('learn');
  expect(screen.getByLabelText('Title')).toHaveValue('Rents');
  expect(featureRow(1).getByLabelText('Minimum')).toHaveValue('-1,');
  expect(featureRow(2).getByLabelText('Name')).toHaveValue('rooms');
});

test('empties the form only after asking', async () => {
  const { user } = openFilled('learn');
  await user.click(screen.getByRole('button', { name: 'Start over…' }));
  await user.click(await screen.findByRole('button', { name: 'Empty the form' }));
  await screen.findByRole('radio', { name: 'Train a model' });
  await next(user);
  await waitFor(() => expect(screen.getByLabelText('Title')).toHaveValue(''));
  expect(screen.queryByRole('group', { name: 'Feature 2' })).not.toBeInTheDocument();
});

test('takes features from a pasted table, beside those that are there', async () => {
  const { user } = openFilled('learn');
  await user.click(screen.getByRole('button', { name: 'Paste a table…' }));
  const table = await screen.findByRole('textbox', { name: 'Table' });
  await user.click(table);
  await user.paste('name\tminimum\tmaximum\nbmi\t10\t60\nsex\t0\tone');
  expect(await screen.findByText('Line 3: minimum and maximum have to be numbers, for example 1.5.')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Use these features' })).toBeDisabled();

  await user.clear(table);
  await user.paste('bmi\t10\t60\nsex\t0\t1');
  await user.click(screen.getByRole('button', { name: 'Use these features' }));
  await waitFor(() => expect(featureRow(3).getByLabelText('Name')).toHaveValue('sex'));
  expect(featureRow(1).getByLabelText('Name')).toHaveValue('age');
  expect(featureRow(2).getByLabelText('Maximum')).toHaveValue('60');
});

test('takes features and target from a sample, which it sends nowhere', async () => {
  const { user } = openDraft('learn');
  await user.click(screen.getByRole('button', { name: 'Read from a sample CSV…' }));
  const input = document.querySelector<HTMLInputElement>('input[type=file]');
  if (input === null) throw new Error('there is no place for a file');
  await user.upload(input, new File(['age,sex,town,price\n20,0,north,100\n60,1,south,300\n'], 'homes.csv'));
  expect(await screen.findByText('homes.csv: 2 rows')).toBeVisible();
  expect(screen.getByText('Row 1 has “north”, which is no number.')).toBeVisible();
  expect(screen.getByRole('combobox', { name: 'Use price as' })).toHaveValue('target');

  await user.selectOptions(screen.getByRole('combobox', { name: 'Use sex as' }), 'none');
  await user.click(screen.getByRole('button', { name: 'Use these columns' }));
  await waitFor(() => expect(featureRow(1).getByLabelText('Name')).toHaveValue('age'));
  expect(featureRow(1).getByLabelText('Minimum')).toHaveValue('16');
  expect(featureRow(1).getByLabelText('Maximum')).toHaveValue('64');
  expect(within(screen.getByRole('group', { name: 'Target' })).getByLabelText('Maximum')).toHaveValue('320');
  expect(screen.queryByRole('group', { name: 'Feature 2' })).not.toBeInTheDocument();
});

test('shows the page of a long list that has the first mistake', async () => {
  const features = Array.from({ length: 60 }, (_, index) => ({
    name: `x${index}`,
    unit: '',
    minimum: '0',
    maximum: index === 40 ? '-1' : '1',
  }));
  const { user } = openFilled('learn', linear({ features }));
  expect(screen.queryByRole('group', { name: 'Feature 41' })).not.toBeInTheDocument();
  await next(user);
  await waitFor(() => expect(featureRow(41).getByLabelText('Maximum')).toHaveFocus());
  expect(featureRow(41).getByLabelText('Maximum')).toHaveAccessibleDescription('Enter a maximum above the minimum.');
});

test('asks for a learning rate when nothing is scaled', async () => {
  const { user } = openFilled('training');
  expect(screen.getByLabelText(/Learning rate/)).toHaveAccessibleDescription(/0\.333, which cannot diverge/);
  await user.click(screen.getByRole('radio', { name: 'None' }));
  await next(user);
  await waitFor(() => expect(screen.getByLabelText('Learning rate')).toHaveFocus());
  expect(screen.getByLabelText('Learning rate')).toHaveAccessibleDescription(/there is no safe default/);
});
