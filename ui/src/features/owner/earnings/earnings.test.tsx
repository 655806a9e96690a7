import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { ABOUT, ACCOUNT, ADDRESS, BUYER, EARNING, HASH, WITHDRAWAL } from '../test/answers';
import { EarningsPage } from './EarningsPage';

interface Answers {
  account?: object;
  jobs?: object[];
  unavailable?: string;
  withdrawals?: object[];
}

function earnings({ account = ACCOUNT, jobs = [EARNING], unavailable, withdrawals = [] }: Answers = {}) {
  answer('get', '/v1/about', ABOUT);
  answer('get', '/v1/account', account);
  answer('get', '/v1/earnings', { jobs, owed_wei: '0', unavailable_reason: unavailable ?? null });
  answer('get', '/v1/withdrawals', { withdrawals });
  return renderPage(<EarningsPage />);
}

test('shows bars while the answers are on their way', async () => {
  for (const path of ['/v1/about', '/v1/account', '/v1/earnings', '/v1/withdrawals']) hang('get', path);
  renderPage(<EarningsPage />);
  expect(await screen.findAllByRole('status', { name: 'Loading…' })).toHaveLength(3);
});

test('says what to do before anything is earned', async () => {
  earnings({ account: { ...ACCOUNT, owed_wei: '0' }, jobs: [] });
  expect(await screen.findByText('Nothing earned yet')).toBeVisible();
  expect(screen.getByText('You have not withdrawn anything yet.')).toBeVisible();
  expect(await screen.findByRole('button', { name: 'Withdraw…' })).toBeDisabled();
});

test('shows pay by job, preliminary or settled, to the last wei by keyboard', async () => {
  const settled = {
    ...EARNING,
    job_id: 4,
    title: 'Another',
    role: 'validator',
    contribution_share: null,
    settled: true,
    tx_hash: HASH,
  };
  const { container, user } = earnings({ jobs: [EARNING, settled] });
  const row = await screen.findByRole('row', { name: /Predict progression/ });
  expect(row).toHaveTextContent(/Trainer.*31.3%.*0.13 ETH.*Preliminary/);
  expect(screen.getByRole('row', { name: /Another/ })).toHaveTextContent(/Validator.*Settled/);
  expect(await axeFindings(container)).toEqual([]);

  await screen.findAllByRole('button', { name: '0.13 ETH' });
  while (document.activeElement?.textContent !== '0.13 ETH') await user.tab();
  expect(await screen.findByRole('tooltip')).toHaveTextContent('130,000,000,000,000,001 wei');
});

test('says that amounts are missing while the chain is away', async () => {
  const unavailable = 'the node does not answer';
  const account = { ...ACCOUNT, balance_wei: null, owed_wei: null, unavailable_reason: unavailable };
  earnings({ account, jobs: [{ ...EARNING, pay_wei: null }], unavailable });
  expect(await screen.findByText('The node does not answer.')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Withdraw…' })).toBeDisabled();
  expect(screen.getByRole('row', { name: /Predict progression/ })).toBeVisible();
});

test('withdraws after a confirmation, and shows how far the transaction is', async () => {
  const { user } = earnings();
  const posted = answer('post', '/v1/withdrawals', WITHDRAWAL, 202);
  await user.click(await screen.findByRole('button', { name: 'Withdraw…' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Withdraw what you are owed?' });
  expect(await axeFindings(dialog)).toEqual([]);
  expect(posted).toHaveLength(0);

  answer('get', '/v1/withdrawals', { withdrawals: [WITHDRAWAL] });
  await user.click(within(dialog).getByRole('button', { name: 'Sign and withdraw' }));
  expect(await screen.findByText('A withdrawal is on its way')).toBeVisible();
  expect(screen.getByRole('listitem', { current: 'step' })).toHaveTextContent('Sent to the chain');
  expect(posted[0]?.body).toEqual({});

  answer('get', '/v1/withdrawals', { withdrawals: [{ ...WITHDRAWAL, state: 'mined' }] });
  await waitFor(() => expect(screen.queryByText('A withdrawal is on its way')).not.toBeInTheDocument());
  expect(screen.getByText('Paid out')).toBeVisible();
});

test('checks the address to withdraw to, and sends it', async () => {
  const { user } = earnings();
  const posted = answer('post', '/v1/withdrawals', WITHDRAWAL, 202);
  await user.click(await screen.findByRole('button', { name: 'Withdraw…' }));
  const field = await screen.findByLabelText(/^To the address/);
  await user.type(field, '0x12');
  await user.click(screen.getByRole('button', { name: 'Sign and withdraw' }));
  expect(await screen.findByText(/0x and 40 hexadecimal digits/)).toBeVisible();
  expect(field).toHaveAccessibleDescription(/0x and 40 hexadecimal digits/);
  expect(posted).toHaveLength(0);

  await user.clear(field);
  await user.type(field, BUYER);
  expect(screen.getByText(/what is sent to a wrong one is lost/)).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Sign and withdraw' }));
  await waitFor(() => expect(posted[0]?.body).toEqual({ to: BUYER }));
});

test('puts the refusal of an address beside it', async () => {
  const { user } = earnings();
  refuse('post', '/v1/withdrawals', 422, 'invalid_input', 'to: the checksum of the address is wrong', {
    field: 'to',
    errors: [{ field: 'to', message: 'the checksum of the address is wrong' }],
  });
  await user.click(await screen.findByRole('button', { name: 'Withdraw…' }));
  const field = await screen.findByLabelText(/^To the address/);
  await user.type(field, ADDRESS);
  await user.click(screen.getByRole('button', { name: 'Sign and withdraw' }));
  await waitFor(() => expect(field).toHaveAccessibleDescription('The checksum of the address is wrong.'));
});

test('says why a withdrawal failed', async () => {
  earnings({ withdrawals: [{ ...WITHDRAWAL, state: 'failed', reason: 'out of gas' }] });
  expect(await screen.findByText('Out of gas.')).toBeVisible();
  expect(screen.getByText('Failed')).toBeVisible();
});
