import { screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { expect, test } from 'vitest';
import { STATISTICS, STATISTICS_LEARNS } from '@/kinds/statistics/examples';
import { TOY_COMPUTATION, TOY_LEARNS, WORDS_OF_MODELS } from '@/kinds/toySum';
import { axeFindings, renderPage } from '@/test/render';
import { answer, refuse } from '@/test/server';
import { EarningsPage } from '../earnings/EarningsPage';
import { JobPage } from '../jobs/JobPage';
import { ABOUT, ACCOUNT, EARNING, MATCH, OFFER, PROGRESS, SPLIT, TERMS } from '../test/answers';
import { OfferPage } from './OfferPage';

const pages = (
  <Routes>
    <Route path="/offers/:jobId" element={<OfferPage />} />
    <Route path="/offers/:jobId/job" element={<JobPage />} />
  </Routes>
);

const SEX = {
  name: 'sex',
  role: 'column',
  required: { kind: 'category', minimum: null, maximum: null, unit: '', levels: ['f', 'm'] },
  own_name: 'sex',
  found: { ...MATCH.columns[0]?.found, type: 'text', minimum: null, maximum: null },
  codes: ['odd'],
};
const ODD = { column: 'sex', code: 'odd', reason: 'Most of its cells are f.' };
const TOY = {
  ...OFFER,
  title: 'Income together',
  kind: 'toy_sum',
  pay_rule: 'per_answer',
  column_count: 2,
  rounds: 1,
  spec: { ...OFFER.spec, title: 'Income together', description: 'All of it', computation: TOY_COMPUTATION },
  learns: TOY_LEARNS,
  may_choose_role: false,
  datasets: [{ ...MATCH, columns: [...MATCH.columns, SEX], remarks: [ODD] }],
};

function open(change: object = {}) {
  answer('get', '/v1/offers/3', { ...TOY, ...change });
  answer('get', '/v1/offers/3/terms', TERMS);
  const asked = answer('get', '/v1/split-preview', SPLIT);
  return { ...renderPage(pages, { at: '/offers/3' }), asked };
}

const sign = () => screen.findByRole('button', { name: 'Sign and accept' });

test('shows an offer of a kind that has no words here, without those of another kind', async () => {
  const { container, user, asked } = open();
  expect(await screen.findByRole('heading', { level: 1, name: 'Income together' })).toBeVisible();
  expect(screen.getByText('column').closest('div')).toHaveTextContent('income');
  expect(screen.getByText('The sum over all owners.')).toBeVisible();
  expect(screen.getByText(/every owner that answers gets an equal part of 90%/)).toBeVisible();
  expect(await screen.findByRole('button', { name: '0.116666 ETH' })).toBeVisible();
  expect(asked[0]?.url.searchParams.get('kind')).toBe('toy_sum');
  await user.click(screen.getByRole('button', { name: 'Show columns' }));
  expect(screen.getByRole('row', { name: /sex sex f, m texts Most of its cells are f\./ })).toBeVisible();
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(await axeFindings(container)).toEqual([]);
});

test('accepts in whatever role, when there is none to choose', async () => {
  const accepted = answer('post', '/v1/offers/3/accept', TOY);
  const { user } = open();
  await user.click(await screen.findByRole('button', { name: 'Accept…' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Accept this job' });
  expect(within(dialog).queryByRole('radio')).not.toBeInTheDocument();
  expect(within(dialog).getByText(/takes part in this job, on exactly the terms below/)).toBeVisible();
  expect(within(dialog).getByText(/one over the number of your rows, which all/)).toBeVisible();
  expect(await within(dialog).findByText('owners 90% in equal parts, aggregator 10%')).toBeVisible();
  expect(dialog).not.toHaveTextContent(WORDS_OF_MODELS);
  await waitFor(async () => expect(await sign()).toBeEnabled());
  await user.click(await sign());
  await waitFor(() => expect(accepted[0]?.body).toMatchObject({ roles: 3, consents: [] }));
});

test('signs nothing before everything is agreed to that needs it', async () => {
  const accepted = answer('post', '/v1/offers/3/accept', TOY);
  const { user } = open({ consents: ['sum', 'log'] });
  await user.click(await screen.findByRole('button', { name: 'Accept…' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Accept this job' });
  await within(dialog).findByText('owners 90% in equal parts, aggregator 10%');
  expect(await sign()).toBeDisabled();
  await user.click(within(dialog).getByRole('checkbox', { name: 'I agree to “sum”.' }));
  expect(await sign()).toBeDisabled();
  expect(within(dialog).getByText(/To accept, tick everything/)).toBeVisible();
  expect(await axeFindings(dialog)).toEqual([]);
  await user.click(within(dialog).getByRole('checkbox', { name: 'I agree to “log”.' }));
  expect(await sign()).toBeEnabled();
  await user.click(await sign());
  await waitFor(() => expect(accepted[0]?.body).toMatchObject({ consents: ['sum', 'log'] }));
});

test('asks for a consent that only the service knows of', async () => {
  const message = 'this job asks for a consent that is missing: log';
  refuse('post', '/v1/offers/3/accept', 422, 'invalid_input', message, { field: 'consents' });
  const { user } = open();
  await user.click(await screen.findByRole('button', { name: 'Accept…' }));
  await waitFor(async () => expect(await sign()).toBeEnabled());
  answer('get', '/v1/offers/3', { ...TOY, consents: ['log'] });
  await user.click(await sign());
  expect(await screen.findByText('This job asks for a consent that is missing: log.')).toBeVisible();
  expect(await screen.findByRole('checkbox', { name: 'I agree to “log”.' })).toBeVisible();
  expect(await sign()).toBeDisabled();
});

test('answers the same columns once more only when told so', async () => {
  const reason = 'these columns of this data set were answered before, in job 2';
  refuse('post', '/v1/offers/3/accept', 409, 'conflict', reason, { field: 'consents' });
  const { user } = open();
  await user.click(await screen.findByRole('button', { name: 'Accept…' }));
  await waitFor(async () => expect(await sign()).toBeEnabled());
  await user.click(await sign());
  expect(await screen.findByText('These columns of this data set were answered before, in job 2.')).toBeVisible();
  expect(await sign()).toBeDisabled();
  expect(screen.getByText('To accept, tick that you want to answer again.')).toBeVisible();
  expect(await axeFindings(screen.getByRole('alertdialog'))).toEqual([]);

  const accepted = answer('post', '/v1/offers/3/accept', TOY);
  await user.click(screen.getByRole('checkbox', { name: 'Answer again all the same' }));
  await user.click(await sign());
  await waitFor(() => expect(accepted[0]?.body).toMatchObject({ consents: ['again'] }));
  await waitFor(() => expect(screen.queryByRole('alertdialog')).not.toBeInTheDocument());
});

test('follows a job with a fixed price without roles and contributions', async () => {
  answer('get', '/v1/about', ABOUT);
  answer('get', '/v1/offers/3/progress', {
    ...PROGRESS,
    title: 'Income together',
    kind: 'toy_sum',
    pay_rule: 'per_answer',
    step: 'toy_sum/add',
    rounds: 1,
    round: 0,
    mse_history: [],
    waiting_for: { code: 'toy_sum/add', what: 'adding up', who: [], until: null, you: true },
  });
  const { container } = renderPage(pages, { at: '/offers/3/job' });
  expect(await screen.findByText('Waiting for: Adding up.')).toBeVisible();
  expect(screen.getByRole('button', { name: '0.13 ETH' })).toBeVisible();
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(container).not.toHaveTextContent('contribution');
});

test('shows what a fixed price brought without role and contribution', async () => {
  answer('get', '/v1/about', ABOUT);
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/withdrawals', { withdrawals: [] });
  const jobs = [{ ...EARNING, title: 'Income together', pay_rule: 'per_answer' }];
  answer('get', '/v1/earnings', { jobs, owed_wei: '0', unavailable_reason: null });
  renderPage(<EarningsPage />);
  const row = await screen.findByRole('row', { name: /Income together/ });
  expect(within(row).getAllByText('does not apply')).toHaveLength(2);
  expect(row).not.toHaveTextContent('Trainer');
});

test('says what correlations tell before they are agreed to', async () => {
  const accepted = answer('post', '/v1/offers/3/accept', TOY);
  const { user, container } = open({
    kind: 'statistics',
    spec: { ...TOY.spec, computation: STATISTICS },
    learns: STATISTICS_LEARNS,
    consents: ['correlation'],
  });
  expect(await screen.findByRole('row', { name: 'sex category, 2 levels f, m' })).toBeVisible();
  expect(screen.getByText('How much columns rise and fall together.')).toBeVisible();
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  await user.click(screen.getByRole('button', { name: 'Accept…' }));
  const box = await screen.findByRole('checkbox', { name: 'I agree that correlations of these columns are computed' });
  expect(box).toHaveAccessibleDescription(/as good as a regression/);
  await user.click(box);
  await waitFor(async () => expect(await sign()).toBeEnabled());
  await user.click(await sign());
  await waitFor(() => expect(accepted[0]?.body).toMatchObject({ consents: ['correlation'] }));
});
