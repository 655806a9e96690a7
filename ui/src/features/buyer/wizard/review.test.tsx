import { screen, waitFor } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { answer, refuse } from '@/test/server';
import { ACCOUNT } from '../test/answers';
import { CHECKED, featureRow, FUNDS, openFilled, PREVIEW } from '../test/wizard';

const found = (...problems: { code: string; message: string; field: string | null }[]) => ({ ...CHECKED, problems });

beforeEach(() => {
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/split-preview', PREVIEW);
});

test('checks by itself before it asks the service', async () => {
  openFilled('review', { title: '', trainerPercent: '90' });
  expect(await screen.findByText('2 things have to be corrected')).toBeVisible();
  expect(screen.getByText('Title: Give the job a title.')).toBeVisible();
  expect(screen.getByText(/together they can be 100 % at most/)).toBeVisible();
});

test('leads from the review to what the service finds wrong', async () => {
  const wrong = [
    { code: 'invalid_input', field: 'computation.features.1.maximum', message: 'too wide for this key' },
    { code: 'invalid_input', field: 'min_owners', message: 'should be at most 133' },
  ];
  answer('post', '/v1/jobs/check', { ...found(...wrong), spec: null, key_bits: null });
  const { user } = openFilled('review');
  expect(await screen.findByText('2 things have to be corrected')).toBeVisible();
  expect(screen.queryByRole('button', { name: /Post the job/ })).not.toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Correct: What to learn' }));
  await waitFor(() => expect(featureRow(2).getByLabelText('Maximum')).toHaveFocus());
  expect(featureRow(2).getByLabelText('Maximum')).toHaveAccessibleDescription(/Too wide for this key/);
});

test('shows what the service finds wrong with no field of the form', async () => {
  answer('post', '/v1/jobs/check', found({ code: 'invalid_input', field: 'role_seed', message: 'must be positive' }));
  openFilled('review');
  expect(await screen.findByRole('alert')).toHaveTextContent('Must be positive.');
  expect(screen.queryByRole('button', { name: /Post the job/ })).not.toBeInTheDocument();
});

test('says beside the deposit how much is missing, in the language of the reader', async () => {
  answer('post', '/v1/jobs/check', {
    ...found({ code: 'conflict', field: 'deposit_wei', message: 'deposit_wei is 15, …' }),
    funds: { ...FUNDS, missing_wei: '2500000000000000000' },
  });
  const { user } = openFilled('review', {}, 'es');
  await user.click(await screen.findByRole('button', { name: 'Corregir: Dinero' }));
  await waitFor(() => expect(screen.getByLabelText('Depósito')).toHaveFocus());
  expect(screen.getByLabelText('Depósito')).toHaveAccessibleDescription(/le faltan 2,5 ETH/);
});

test('says which settings to change when the key has no room', async () => {
  answer('post', '/v1/jobs/check', found({ code: 'headroom_exceeded', field: null, message: 'may need 4000 bits' }));
  openFilled('review');
  expect(await screen.findByText(/could outgrow the key. Use a smaller learning rate/)).toBeVisible();
});

test('says that the chain does not answer, shows the terms all the same, and posts once it answers', async () => {
  const unknown = { ...CHECKED, funds: null, unavailable_reason: 'the Ethereum node does not answer' };
  answer('post', '/v1/jobs/check', unknown);
  const { user } = openFilled('review');
  expect(await screen.findByText('The Ethereum node does not answer.')).toBeVisible();
  expect(screen.getByText('Predict sugar from 2 features')).toBeVisible();
  expect(screen.queryByRole('button', { name: /Post the job/ })).not.toBeInTheDocument();
  answer('post', '/v1/jobs/check', CHECKED);
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('button', { name: /Post the job/ })).toBeVisible();
});

test('tries again when the service itself fails, and loses nothing', async () => {
  refuse('post', '/v1/jobs/check', 503, 'service_unavailable', 'the database is locked');
  const { user } = openFilled('review');
  expect(await screen.findByText('The database is locked.')).toBeVisible();
  answer('post', '/v1/jobs/check', CHECKED);
  await user.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('button', { name: /Post the job/ })).toBeVisible();
});
