import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderPage } from '@/test/render';
import { answer } from '@/test/server';
import { Balance } from './Balance';
import { WithdrawButton } from './WithdrawButton';
import { Withdrawals } from './Withdrawals';

const ACCOUNT = { address: `0x${'b0'.repeat(20)}`, balance_wei: '5000000000000000000', owed_wei: '0' };
const ABOUT = {
  service: 'buyer',
  name: 'clinic',
  version: '0.1.0',
  address: ACCOUNT.address,
  chain_id: null,
  contract_address: ACCOUNT.address,
  aggregator_url: 'http://127.0.0.1:8100',
  explorer_url: 'https://explorer.example',
};
const HASH = `0x${'cd'.repeat(32)}`;
const PENDING = {
  id: 'w1',
  state: 'pending',
  tx_hash: null as string | null,
  reason: null,
  requested_at: 1_800_000_000,
};

test.each([
  [null, 'Queued'],
  [HASH, 'Sent to the chain'],
])('knows by its hash %j how far a pending withdrawal is', async (hash, step) => {
  answer('get', '/v1/about', ABOUT);
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/withdrawals', { withdrawals: [{ ...PENDING, tx_hash: hash }] });
  renderPage(<Balance />);
  expect(await screen.findByRole('listitem', { current: 'step' })).toHaveTextContent(step);
});

test('lists withdrawals with their transactions', async () => {
  answer('get', '/v1/about', ABOUT);
  const paid = { ...PENDING, state: 'mined', tx_hash: HASH, amount_wei: '250000000000000000' };
  answer('get', '/v1/withdrawals', { withdrawals: [paid] });
  renderPage(<Withdrawals />, { locale: 'es' });
  expect(await screen.findByRole('row', { name: /0,25 ETH Pagada/ })).toBeVisible();
  expect(await screen.findByRole('link', { name: /0xcdcd/ })).toHaveAttribute(
    'href',
    `https://explorer.example/tx/${HASH}`,
  );
});

test('says that the chain does not answer', async () => {
  const unknown = { ...ACCOUNT, balance_wei: null, owed_wei: null, unavailable_reason: 'the node does not answer' };
  answer('get', '/v1/account', unknown);
  answer('get', '/v1/withdrawals', { withdrawals: [] });
  renderPage(
    <>
      <Balance />
      <WithdrawButton />
    </>,
  );
  expect(await screen.findByText('The amounts are not known right now')).toBeVisible();
  expect(screen.getByText('The node does not answer.')).toBeVisible();
  expect(screen.getAllByText('not known yet')).toHaveLength(2);
  expect(screen.queryByText('There is nothing to withdraw yet.')).not.toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'Withdraw…' })).toBeDisabled();
});
