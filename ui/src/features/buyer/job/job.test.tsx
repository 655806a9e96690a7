import { screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router';
import { beforeEach, expect, test } from 'vitest';
import { axeFindings, renderPage } from '@/test/render';
import { answer, refuse } from '@/test/server';
import { MODEL } from '@/kinds/linear_regression/model/answers';
import { ABOUT, FINISHED, HASH, SUMMARY, TRAINING } from '../test/answers';
import { JobPage } from './JobPage';

const page = (
  <Routes>
    <Route path="/jobs/:id" element={<JobPage />} />
    <Route path="/jobs/new" element={<p>The wizard</p>} />
  </Routes>
);
const at = '/jobs/a1';

const WAITING = {
  ...TRAINING,
  status: 'recruiting',
  mse: null,
  initial_mse: null,
  improvement_percent: null,
  cost_so_far_wei: '0',
  checkpoints: [],
  participants: [],
  pay: null,
  live: {
    ...TRAINING.live,
    round: 0,
    waiting_for: { code: 'owners', what: 'data owners to accept (1 of 3)', who: [], until: 1_900_000_000 },
  },
};

beforeEach(() => {
  answer('get', '/v1/about', ABOUT);
});

test('shows how much better the model is, what that costs, and who is waited for', async () => {
  answer('get', '/v1/jobs/a1', TRAINING);
  const { container } = renderPage(page, { at });
  expect(await screen.findByRole('heading', { name: 'Blood sugar' })).toBeVisible();
  expect(screen.getByText('40%')).toBeVisible();
  expect(screen.getByText('from 5,000 at first')).toBeVisible();
  expect(screen.getByRole('button', { name: '0.58 ETH' })).toBeVisible();
  expect(screen.getByText('43 of 100')).toBeVisible();
  expect(screen.getByText('Waiting for trainers to train on their rows')).toBeVisible();
  expect(screen.queryByText('Your model')).not.toBeInTheDocument();
  expect(await axeFindings(container)).toEqual([]);
});

test('says who takes no further part, and why', async () => {
  const [owner] = TRAINING.live.owners;
  const out = { ...owner, out: 'its residuals at checkpoint 2 could not be read' };
  answer('get', '/v1/jobs/a1', { ...TRAINING, live: { ...TRAINING.live, owners: [out] } });
  renderPage(page, { at, locale: 'es' });
  expect(await screen.findByText(/ya no participa\./)).not.toHaveTextContent('its residuals');
});

test('shows contribution and pay of each owner', async () => {
  answer('get', '/v1/jobs/a1', TRAINING);
  renderPage(page, { at });
  const table = await screen.findByRole('table', { name: 'Who takes part' });
  const [, trainer, , validator] = within(table).getAllByRole('row');
  expect(trainer).toHaveTextContent('Trainer');
  expect(trainer).toHaveTextContent('88');
  expect(trainer).toHaveTextContent('75%');
  expect(trainer).toHaveTextContent('0.21 ETH');
  expect(validator).toHaveTextContent('Validator');
  expect(validator).toHaveTextContent('0.2 ETH');
});

test('shows what has happened with hashes, which are links where an explorer is known', async () => {
  answer('get', '/v1/about', { ...ABOUT, explorer_url: 'https://explorer.example' });
  answer('get', '/v1/jobs/a1', {
    ...TRAINING,
    transactions: [{ id: 't', description: 'cancel job 7', state: 'failed', tx_hash: HASH, reason: 'out of gas' }],
  });
  renderPage(page, { at });
  expect(await screen.findByText('Error after round 40 recorded')).toBeVisible();
  await waitFor(() => expect(screen.getAllByRole('link', { name: /0xabab/ })).toHaveLength(4));
  expect(screen.getAllByRole('link', { name: /0xabab/ })[0]).toHaveAttribute(
    'href',
    `https://explorer.example/tx/${HASH}`,
  );
  expect(screen.getByText('Out of gas.')).toBeVisible();
});

test('draws the new point when the next checkpoint arrives', async () => {
  const answers = [TRAINING, { ...TRAINING, checkpoints: [...TRAINING.checkpoints, { round: 50, mse: 2500 }] }];
  answer('get', '/v1/jobs/a1', () => answers.shift() ?? TRAINING);
  renderPage(page, { at });
  expect(await screen.findByRole('img', { name: /3,000 after round 40/ })).toBeInTheDocument();
  expect(await screen.findByRole('img', { name: /2,500 after round 50/ })).toBeInTheDocument();
});

test('calls a job off after asking', async () => {
  answer('get', '/v1/jobs/a1', WAITING);
  const cancelled = answer('post', '/v1/jobs/a1/cancel', { ...SUMMARY, cancel_requested: true }, 202);
  const { user } = renderPage(page, { at });
  expect(await screen.findByText(/1 of 3 owners have accepted/)).toBeVisible();
  expect(screen.getByText('The curve begins with the first checkpoint, once training has started.')).toBeVisible();

  await user.click(screen.getByRole('button', { name: 'Call off…' }));
  answer('get', '/v1/jobs/a1', { ...WAITING, cancel_requested: true });
  await user.click(await screen.findByRole('button', { name: 'Call the job off' }));
  expect(await screen.findByText(/This job is being called off/)).toBeVisible();
  expect(cancelled).toHaveLength(1);
  expect(screen.queryByRole('button', { name: 'Call off…' })).not.toBeInTheDocument();
});

test('says that it is too late to call a job off', async () => {
  answer('get', '/v1/jobs/a1', WAITING);
  refuse('post', '/v1/jobs/a1/cancel', 409, 'conflict', 'job a1 has started');
  const { user } = renderPage(page, { at, locale: 'es' });
  await user.click(await screen.findByRole('button', { name: 'Anular…' }));
  await user.click(await screen.findByRole('button', { name: 'Anular el trabajo' }));
  expect(await screen.findByText('Es demasiado tarde: el trabajo ha empezado.')).toBeVisible();
});

const ENDED = { ...WAITING, live: { ...WAITING.live, waiting_for: null } };
const REFUNDED = { paid_wei: '0', refunded_wei: '1000000000000000000' };

test.each([
  ['failed', false, null, 'This job could not be posted', 'the deposit could not be sent', /No deposit was paid/],
  ['cancelled', true, REFUNDED, 'This job was called off', '', /this is yours again: 1 ETH/],
  ['cancelled', true, null, 'This job was called off', '', /No deposit was paid/],
  ['cancelled', false, REFUNDED, 'Not enough data owners accepted in time', '', /this is yours again: 1 ETH/],
  [
    'expired',
    false,
    { paid_wei: '580000000000000000', refunded_wei: '420000000000000000' },
    'The time was up before the result was delivered',
    'settled at its deadline',
    /Paid to owners .* 0\.58 ETH.* yours again: 0\.42 ETH/,
  ],
])(
  'explains the end of a %s job: why, the money, and what next',
  async (status, asked, settlement, title, note, money) => {
    const job = { ...ENDED, status, cancel_requested: asked, settlement, note };
    answer('get', '/v1/jobs/a1', job);
    renderPage(page, { at });
    const notice = (await screen.findByText(title)).closest<HTMLElement>('[role]');
    expect(notice).toHaveTextContent(money);
    if (note) expect(notice).toHaveTextContent(new RegExp(note, 'i'));
    if (settlement) expect(screen.getByRole('link', { name: 'Withdraw it on the account page' })).toBeVisible();
    expect(screen.getByRole('button', { name: 'Post again with these settings' })).toBeVisible();
  },
);

test('says that a job cannot go on, and when the deposit comes out of the contract', async () => {
  const live = { ...TRAINING.live, state: 'failed', waiting_for: null, reason: 'nobody could train' };
  answer('get', '/v1/jobs/a1', { ...TRAINING, live });
  renderPage(page, { at });
  expect(await screen.findByText('The job has stopped and cannot go on')).toBeVisible();
  expect(screen.getByText('Nobody could train.')).toBeVisible();
  expect(screen.getByText(/The deposit stays in the contract until the time is up/)).toBeVisible();
});

test('says with whom a job goes on without, and what the contract refuses', async () => {
  const reason =
    'the contract refused to start the job: the contract gave no reason (Reverted); it is tried again, less and less often' +
    ' · 0x52908400098527886E0F7030069857D2E4169EE7 is left out: it took back its acceptance on chain';
  answer('get', '/v1/jobs/a1', { ...WAITING, live: { ...WAITING.live, reason } });
  renderPage(page, { at, locale: 'es' });
  expect(
    await screen.findByText(
      'El contrato ha rechazado empezar el trabajo: el contrato no ha dado ningún motivo (Reverted); se intenta de nuevo, ' +
        'cada vez con menos frecuencia · 0x52908400098527886E0F7030069857D2E4169EE7 queda fuera: retiró su aceptación en la cadena.',
    ),
  ).toBeVisible();
});

test('warns that a model has become worse than at the start', async () => {
  answer('get', '/v1/jobs/a1', { ...FINISHED, improvement_percent: -12_345_678 });
  answer('get', '/v1/jobs/a1/model', MODEL);
  renderPage(page, { at });
  expect(await screen.findByText('This model is worse than the one that training began with')).toBeVisible();
  expect(screen.getByText('-1.23E7%')).toBeVisible();
});

test('fills the wizard with the settings of a job, and asks before something typed is lost', async () => {
  answer('get', '/v1/jobs/a1', { ...ENDED, status: 'cancelled' });
  const { user, address } = renderPage(page, { at });
  const again = await screen.findByRole('button', { name: 'Post again with these settings' });
  localStorage.setItem('deltaml.draft.new-job', '{"title":"Half typed"}');
  await user.click(again);
  await user.click(await screen.findByRole('button', { name: 'Cancel' }));
  expect(localStorage.getItem('deltaml.draft.new-job')).toBe('{"title":"Half typed"}');

  await user.click(again);
  await user.click(await screen.findByRole('button', { name: 'Replace it' }));
  expect(address()).toBe('/jobs/new');
  const draft = JSON.parse(localStorage.getItem('deltaml.draft.new-job') ?? '') as { title: string };
  expect(draft.title).toBe('Blood sugar');
});

test.each([
  ['training', 1],
  ['cancelled', 0],
])('of a %s job shows %i transactions on their way', async (status, shown) => {
  const pending = { id: 't', description: 'cancel job 7', state: 'pending', tx_hash: null, reason: null };
  answer('get', '/v1/jobs/a1', { ...TRAINING, status, transactions: [pending] });
  renderPage(page, { at });
  await screen.findByText('What has happened');
  expect(screen.queryAllByText('on its way')).toHaveLength(shown);
});

test('says what keeps it from going on, and that not all could be asked', async () => {
  answer('get', '/v1/jobs/a1', { ...TRAINING, live: null, trouble: 'the node refuses', unavailable: ['no chain'] });
  renderPage(page, { at });
  expect(await screen.findByText('The node refuses.')).toBeVisible();
  expect(screen.getByText('Not everything can be shown right now')).toBeVisible();
});

test('warns when other weights were delivered than were measured', async () => {
  answer('get', '/v1/jobs/a1', { ...FINISHED, delivery_check: 'differs' });
  answer('get', '/v1/jobs/a1/model', MODEL);
  renderPage(page, { at });
  expect(await screen.findByRole('alert')).toHaveTextContent('keep this job as evidence');
});

test('shows the model once everybody is paid', async () => {
  answer('get', '/v1/jobs/a1', FINISHED);
  answer('get', '/v1/jobs/a1/model', MODEL);
  renderPage(page, { at });
  expect(await screen.findByRole('heading', { name: 'Your model' })).toBeVisible();
  expect(await screen.findByRole('row', { name: /age 1\.5 mg\/dl per years 108/ })).toBeVisible();
  expect(screen.getByText('Cost')).toBeVisible();
});

test('says that there is no such job', async () => {
  refuse('get', '/v1/jobs/a1', 404, 'not_found', 'there is no job a1');
  renderPage(page, { at });
  expect(await screen.findByRole('heading', { name: 'There is no such job' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Jobs' })).toHaveAttribute('href', '/jobs');
});
