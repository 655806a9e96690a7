import { screen } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { answer } from '@/test/server';
import { ACCOUNT } from '../test/answers';
import { openFilled, PREVIEW } from '../test/wizard';

beforeEach(() => {
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/split-preview', PREVIEW);
});

test('shows who would get what, and what is missing on the account', async () => {
  const asked = answer('get', '/v1/split-preview', PREVIEW);
  const { user } = openFilled('money');
  expect(await screen.findByText('3 × 0.175 ETH')).toBeVisible();
  expect(screen.getByText('Your account holds enough.')).toBeVisible();
  expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
    deposit_wei: '1500000000000000000',
    owners: '5',
    kind: 'linear_regression',
    improvement_percent: '50',
    trainer_bps: '7000',
    validator_bps: '2000',
    aggregator_bps: '1000',
  });
  await user.clear(screen.getByLabelText('Deposit'));
  await user.type(screen.getByLabelText('Deposit'), '6');
  expect(await screen.findByText(/1\.001 ETH are missing/)).toBeVisible();
});

test('goes on without the balance while the chain does not answer', async () => {
  const unknown = { balance_wei: null, owed_wei: null, posting_fee_wei: null, unavailable_reason: 'no node' };
  answer('get', '/v1/account', { ...ACCOUNT, ...unknown });
  openFilled('money');
  expect(await screen.findByText(/The chain does not answer, so what your account holds is not known/)).toBeVisible();
  expect(screen.queryByText('Your account holds enough.')).not.toBeInTheDocument();
});
