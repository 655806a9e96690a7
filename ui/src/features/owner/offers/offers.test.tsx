import { screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, hang, refuse } from '@/test/server';
import { DATASET, HASH, MATCH, MISMATCH, OFFER, OFFER_ROW, SPLIT, TERMS } from '../test/answers';
import { OfferPage } from './OfferPage';
import { OffersPage } from './OffersPage';

const pages = (
  <Routes>
    <Route path="/offers" element={<OffersPage />} />
    <Route path="/offers/:jobId" element={<OfferPage />} />
  </Routes>
);
const list = (offers: object[], more: object = {}) => ({
  offers,
  total: offers.length,
  counts: { READY: 1, FINISHED: 30 },
  stale_reason: null,
  ...more,
});

function offer(change: object = {}) {
  answer('get', '/v1/offers/3', { ...OFFER, ...change });
  answer('get', '/v1/split-preview', SPLIT);
  answer('get', '/v1/datasets/d1', DATASET);
  return renderPage(pages, { at: '/offers/3' });
}

test('shows bars while the offers are on their way', async () => {
  hang('get', '/v1/offers');
  renderPage(pages, { at: '/offers' });
  expect(await screen.findByRole('status', { name: 'Loading…' })).toBeVisible();
});

test('says what to do while there is no job', async () => {
  answer('get', '/v1/offers', list([], { counts: {} }));
  renderPage(pages, { at: '/offers' });
  expect(await screen.findByText('No jobs on offer')).toBeVisible();
  expect(screen.getByRole('link', { name: 'Datasets' })).toHaveAttribute('href', '/datasets');
});

test('says why the offers could not be loaded', async () => {
  refuse('get', '/v1/offers', 500, 'internal_error', 'an unexpected error occurred');
  renderPage(pages, { at: '/offers' });
  expect(await screen.findByRole('alert')).toHaveTextContent('The log of the service has it under test-request.');
});

test('lists offers, and asks the service for one status, one text, one page', async () => {
  const asked = answer('get', '/v1/offers', list([OFFER_ROW], { total: 31 }));
  const { user, container, address } = renderPage(pages, { at: '/offers' });
  const row = await screen.findByRole('row', { name: /Predict progression/ });
  expect(within(row).getByText('Ready')).toBeVisible();
  expect(within(row).getByText('City hospital')).toBeVisible();
  expect(within(row).getByText('2 of 5')).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);

  await user.click(screen.getByRole('button', { name: 'Next page' }));
  await waitFor(() => expect(asked.at(-1)?.url.search).toBe('?limit=25&offset=25'));
  await user.click(screen.getByRole('radio', { name: 'Finished 30' }));
  await waitFor(() => expect(asked.at(-1)?.url.search).toBe('?status=FINISHED&limit=25&offset=0'));
  await user.type(screen.getByRole('searchbox'), 'x');
  await waitFor(() => expect(asked.at(-1)?.url.searchParams.get('query')).toBe('x'));
  expect(address()).toBe('/offers?status=FINISHED&query=x');
});

test('says that the offers may be out of date while the aggregator is away', async () => {
  answer('get', '/v1/offers', list([OFFER_ROW], { stale_reason: 'the aggregator does not answer' }));
  renderPage(pages, { at: '/offers', locale: 'es' });
  expect(await screen.findByText('Puede no estar al día: el agregador no responde.')).toBeVisible();
});

test('shows what a job asks, what it pays and what is learnt', async () => {
  const { container } = offer();
  expect(await screen.findByRole('heading', { name: 'Predict progression' })).toBeVisible();
  expect(screen.getByText(/Trainers share 70% of the deposit/)).toBeVisible();
  expect(await screen.findByRole('button', { name: '0.116666 ETH' })).toBeVisible();
  expect(screen.getByText(/works together with neither the aggregator nor another owner/)).toBeVisible();
  expect(screen.queryByText(/only one of them validates/)).not.toBeInTheDocument();
  const asks = screen.getByRole('table', { name: 'What the job asks' });
  expect(within(asks).getByRole('row', { name: /age feature -0.2 to 0.2 years/ })).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);
});

test('accepts after a confirmation that says what is signed', async () => {
  const terms = answer('get', '/v1/offers/3/terms', TERMS);
  const accepted = answer('post', '/v1/offers/3/accept', OFFER);
  const { user } = offer();
  await user.click(await screen.findByRole('button', { name: 'Accept…' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Accept this job' });
  expect(await within(dialog).findAllByRole('button', { name: `${HASH.slice(0, 6)}…${HASH.slice(-4)}` })).toHaveLength(
    2,
  );
  expect(within(dialog).getByText(/as a trainer or a validator, on exactly the terms below/)).toBeVisible();
  expect(within(dialog).getByText('trainers 70%, validators 20%, aggregator 10%')).toBeVisible();
  await user.click(within(dialog).getByRole('radio', { name: 'Train only' }));
  await waitFor(() => expect(terms.at(-1)?.url.search).toBe('?roles=1'));
  expect(within(dialog).getByText(/takes part in this job as a trainer, on exactly/)).toBeVisible();
  expect(within(dialog).getByText(/the number of your rows \(442\)/)).toBeVisible();
  expect(within(dialog).getByText(/The trained weights once everybody is paid/)).toBeVisible();
  expect(await axeFindings(dialog)).toEqual([]);
  expect(accepted).toHaveLength(0);

  await waitFor(() => expect(within(dialog).getByRole('button', { name: 'Sign and accept' })).toBeEnabled());
  await user.click(within(dialog).getByRole('button', { name: 'Sign and accept' }));
  await waitFor(() => expect(screen.queryByRole('alertdialog')).not.toBeInTheDocument());
  expect(accepted[0]?.body).toEqual({ dataset_id: 'd1', roles: 1, column_mapping: {}, consents: [] });
});

test('warns that in a job of few owners the errors are those of one', async () => {
  offer({ min_owners: 3 });
  expect(await screen.findByText(/can start with 3 owners. Then only one of them validates/)).toBeVisible();
});

test('signs nothing when the terms differ from the chain', async () => {
  refuse('get', '/v1/offers/3/terms', 409, 'conflict', 'the deposit on chain is not the one on offer');
  const { user } = offer();
  await user.click(await screen.findByRole('button', { name: 'Accept…' }));
  expect(await screen.findByText('The deposit on chain is not the one on offer.')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Sign and accept' })).toBeDisabled();
});

test('stays open with the reason when accepting fails', async () => {
  answer('get', '/v1/offers/3/terms', TERMS);
  refuse('post', '/v1/offers/3/accept', 503, 'chain_unavailable', 'the node does not answer');
  const { user } = offer();
  await user.click(await screen.findByRole('button', { name: 'Accept…' }));
  await waitFor(() => expect(screen.getByRole('button', { name: 'Sign and accept' })).toBeEnabled());
  await user.click(screen.getByRole('button', { name: 'Sign and accept' }));
  expect(await screen.findByText('The node does not answer.')).toBeVisible();
});

test('says column by column why a dataset does not fit, and accepts it under other names', async () => {
  const mapped = { ...MATCH, columns: [{ ...MATCH.columns[0], name: 'years', own_name: 'age' }] };
  const checked = answer('post', '/v1/offers/3/match', mapped);
  answer('get', '/v1/offers/3/terms', TERMS);
  const accepted = answer('post', '/v1/offers/3/accept', OFFER);
  const { user } = offer({ status: 'WAITING', datasets: [MISMATCH] });
  const table = await screen.findByRole('table', { name: 'Ward 7' });
  expect(within(table).getByRole('row', { name: /years missing .* no such column/ })).toBeVisible();
  expect(screen.queryByRole('button', { name: 'Accept…' })).not.toBeInTheDocument();

  await user.click(screen.getByRole('button', { name: 'Check' }));
  expect(screen.getByLabelText('years')).toHaveAccessibleDescription('Choose which of your columns this is.');
  await user.selectOptions(screen.getByLabelText('years'), await screen.findByRole('option', { name: 'age' }));
  await user.click(screen.getByRole('button', { name: 'Check' }));
  expect(await screen.findByText('With these names the dataset fits. You can accept.')).toBeVisible();
  expect(checked[0]?.body).toEqual({ dataset_id: 'd1', column_mapping: { years: 'age' } });

  await user.click(screen.getByRole('button', { name: 'Accept…' }));
  await waitFor(() => expect(screen.getByRole('button', { name: 'Sign and accept' })).toBeEnabled());
  await user.click(screen.getByRole('button', { name: 'Sign and accept' }));
  await waitFor(() => expect(accepted[0]?.body).toMatchObject({ column_mapping: { years: 'age' } }));
});

test('leads to adding a dataset when there is none', async () => {
  offer({ status: 'WAITING', datasets: [] });
  expect(await screen.findByRole('link', { name: 'Add a dataset' })).toHaveAttribute('href', '/datasets/new');
});

test('declines after a confirmation', async () => {
  const declined = answer('post', '/v1/offers/3/decline', OFFER);
  const { user } = offer();
  await user.click(await screen.findByRole('button', { name: 'Decline' }));
  expect(declined).toHaveLength(0);
  await user.click(within(await screen.findByRole('alertdialog')).getByRole('button', { name: 'Decline' }));
  await waitFor(() => expect(declined).toHaveLength(1));
});

test('takes an acceptance back, on chain too if wanted', async () => {
  const takenBack = answer('post', '/v1/offers/3/withdraw', OFFER);
  const acceptance = {
    dataset_id: 'd1',
    column_mapping: {},
    roles: 3,
    row_count: 442,
    facts: { growth: 1.5, other: 'x' },
    state: 'pending',
    note: 'the aggregator does not answer',
    accepted_at: 1_900_000_000,
  };
  const { user } = offer({ status: 'INITIATED', acceptance });
  expect(await screen.findByText('Not yet handed in; this is tried again by itself')).toBeVisible();
  expect(screen.getByText('The aggregator does not answer.')).toBeVisible();
  expect(screen.getByText('Bound of growth').closest('div')).toHaveTextContent('1.5');

  await user.click(screen.getByRole('button', { name: 'Take back…' }));
  await user.click(await screen.findByRole('checkbox', { name: 'Also revoke the signature on chain' }));
  await user.click(screen.getByRole('button', { name: 'Take back' }));
  await waitFor(() => expect(takenBack[0]?.body).toEqual({ revoke_on_chain: true }));
});
