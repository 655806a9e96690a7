import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { jobSpec } from '@/api/schemas';
import { STATISTICS, STATISTICS_LEARNS } from '@/kinds/statistics/examples';
import { WORDS_OF_MODELS } from '@/kinds/toySum';
import { axeFindings } from '@/test/render';
import { answer } from '@/test/server';
import { ACCOUNT, SPEC, SUMMARY } from '../test/answers';
import { next, openDraft } from '../test/wizard';
import { fieldOf } from './places';
import { valuesOf } from './fromJob';
import { findProblems } from './problems';
import { DEFAULTS, type JobValues, toRequest } from './values';

const PREVIEW = {
  trainers: 4,
  validators: 1,
  trainer_pool_wei: '720000000000000000',
  trainer_each_wei: '180000000000000000',
  validator_each_wei: '180000000000000000',
  aggregator_wei: '100000000000000000',
  refund_wei: '0',
};

const JOB_SPEC = {
  ...SPEC,
  title: 'Patients',
  min_owners: 5,
  pay: { trainer_bps: 7200, validator_bps: 1800, aggregator_bps: 1000 },
  computation: STATISTICS,
};
const CHECKED = {
  problems: [],
  spec: JOB_SPEC,
  key_bits: 3072,
  funds: {
    deposit_wei: '1000000000000000000',
    posting_fee_wei: '1000000000000000',
    balance_wei: '5000000000000000000',
    promised_wei: '0',
    missing_wei: '0',
  },
  unavailable_reason: null,
  learns: STATISTICS_LEARNS,
  pay_rule: 'per_answer',
};

const TYPED = valuesOf({ spec: jobSpec.parse(JOB_SPEC), key_bits: 1024, created_at: JOB_SPEC.start_by - 86_400 });

beforeEach(() => {
  answer('get', '/v1/account', ACCOUNT);
  answer('get', '/v1/split-preview', PREVIEW);
});

const open = (step: string, changes?: Partial<JobValues>, locale: 'en' | 'es' = 'en') =>
  openDraft(step, changes && { ...DEFAULTS, ...TYPED, ...changes }, locale);

const columnOf = (number: number) => within(screen.getByRole('group', { name: `Column ${number}` }));

test('asks first what is to be done, and then only what that needs', async () => {
  const { user, address, container } = open('kind');
  expect(screen.getByRole('radio', { name: 'Train a model' })).toBeChecked();
  expect(screen.getByRole('radio', { name: 'Train a model' })).toHaveAccessibleDescription(/weights/);
  expect(screen.getByRole('link', { name: 'Training' })).toBeVisible();
  expect(await axeFindings(container)).toEqual([]);

  await user.click(screen.getByRole('radio', { name: 'Look at the data' }));
  expect(screen.queryByRole('link', { name: 'Training' })).not.toBeInTheDocument();
  await next(user);
  expect(await screen.findByRole('group', { name: 'Column 1' })).toBeVisible();
  expect(address()).toBe('/jobs/new?step=learn');
  expect(await axeFindings(container)).toEqual([]);
});

test('keeps what was typed for one kind while another is looked at', async () => {
  const { user } = open('learn');
  await user.type(screen.getAllByLabelText('Name')[0] as HTMLElement, 'rooms');
  await user.click(screen.getByRole('link', { name: /Kind of job/ }));
  await user.click(await screen.findByRole('radio', { name: 'Look at the data' }));
  await next(user);
  await screen.findByRole('group', { name: 'Column 1' });
  await user.type(columnOf(1).getByLabelText('Name'), 'age');
  await user.click(screen.getByRole('link', { name: /Kind of job/ }));
  await user.click(await screen.findByRole('radio', { name: 'Train a model' }));
  await next(user);
  await screen.findByRole('group', { name: 'Target' });
  expect(screen.getAllByLabelText('Name')[0]).toHaveValue('rooms');
});

test('says beside each field what to do, and puts the focus on the first', async () => {
  const { user, container } = open('learn', { computations: DEFAULTS.computations });
  await user.click(screen.getByRole('button', { name: 'Add a category' }));
  await waitFor(() => expect(columnOf(2).getByLabelText('Name')).toHaveFocus());
  await next(user);
  await waitFor(() => expect(columnOf(1).getByLabelText('Name')).toHaveFocus());
  expect(columnOf(1).getByLabelText('Name')).toHaveAccessibleDescription(/Enter the column’s name/);
  expect(columnOf(1).getByLabelText('Minimum')).toHaveAccessibleDescription(/Enter a number/);
  expect(columnOf(2).getByLabelText('Levels')).toHaveAccessibleDescription('Enter at least one level.');
  expect(await axeFindings(container)).toEqual([]);

  await user.click(screen.getByRole('button', { name: 'Remove Column 2' }));
  expect(screen.queryByRole('group', { name: 'Column 2' })).not.toBeInTheDocument();
});

test('takes numbers with their range and texts with their levels from a sample, which it sends nowhere', async () => {
  const { user } = open('learn', { computations: DEFAULTS.computations });
  await user.click(screen.getByRole('button', { name: 'Read from a sample CSV…' }));
  const input = document.querySelector<HTMLInputElement>('input[type=file]');
  if (input === null) throw new Error('there is no place for a file');
  const rows = Array.from({ length: 60 }, (_, row) => `${20 + row},${row % 2 ? 'm' : 'f'},name ${row},${row % 2}`);
  await user.upload(input, new File([`age,sex,name,smokes\n${rows.join('\n')}\n`], 'patients.csv'));
  expect(await screen.findByText('patients.csv: 60 rows')).toBeVisible();
  expect(screen.getByText('2: f, m')).toBeVisible();
  expect(screen.getByText(/More than 50 different texts/)).toBeVisible();
  expect(screen.queryByRole('combobox', { name: 'Use name as' })).not.toBeInTheDocument();
  await user.selectOptions(screen.getByRole('combobox', { name: 'Use smokes as' }), 'category');
  expect(screen.getByText('2: 0, 1')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Use these columns' }));

  await waitFor(() => expect(columnOf(3).getByLabelText('Name')).toHaveValue('smokes'));
  expect(columnOf(1).getByLabelText('Minimum')).toHaveValue('14.1');
  expect(columnOf(1).getByLabelText('Bins')).toHaveValue('10');
  expect(columnOf(2).getByLabelText('Levels')).toHaveValue('f\nm');
  expect(columnOf(3).getByLabelText('Levels')).toHaveValue('0\n1');
});

test('has a price in place of shares, and says that it is divided equally', async () => {
  const asked = answer('get', '/v1/split-preview', PREVIEW);
  const { container, user } = open('money', {});
  expect(await screen.findByText('5 × 0.18 ETH')).toBeVisible();
  expect(screen.getByLabelText('Price')).toHaveValue('1');
  expect(screen.queryByRole('slider')).not.toBeInTheDocument();
  expect(screen.queryByLabelText('Trainers')).not.toBeInTheDocument();
  expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
    deposit_wei: '1000000000000000000',
    owners: '5',
    kind: 'statistics',
    improvement_percent: '100',
  });
  expect(container.querySelector('form')).not.toHaveTextContent(WORDS_OF_MODELS);
  await user.click(screen.getByRole('button', { name: 'Back' }));
  expect(await screen.findByLabelText('Number of owners')).toHaveAccessibleDescription(/exactly so many, at least 3/);
  expect(container.querySelector('form')).not.toHaveTextContent(WORDS_OF_MODELS);
});

test('posts what was typed, after showing what will be learnt and by whom', async () => {
  const checked = answer('post', '/v1/jobs/check', CHECKED);
  const posted = answer('post', '/v1/jobs', { ...SUMMARY, kind: 'statistics' }, 202);
  const { user, container } = open('review', {});
  expect(await screen.findByText(/distribution and correlations of 4 columns/)).toBeVisible();
  expect(screen.getByRole('row', { name: 'age numbers, 4 bins 0 to 100 years' })).toBeVisible();
  expect(screen.getByRole('row', { name: 'sex category, 2 levels f, m' })).toBeVisible();
  const learns = screen.getByRole('region', { name: 'What will be learnt, and by whom' });
  expect(learns).toHaveTextContent('Sums over all owners, and no owner’s own.');
  expect(screen.getByText('Owners, in equal parts').closest('div')).toHaveTextContent('90%');
  expect(container).not.toHaveTextContent(WORDS_OF_MODELS);
  expect(await axeFindings(container)).toEqual([]);

  await user.click(screen.getByRole('button', { name: 'Post the job and pay 1 ETH' }));
  expect(await screen.findByText('The job that was posted')).toBeVisible();
  expect(posted[0]?.body).toEqual(checked[0]?.body);
  expect(posted[0]?.body).toMatchObject({ computation: STATISTICS, pay: null, min_owners: 5, key_bits: null });
});

test('leads to a level that the service refuses, in the language of the reader', async () => {
  const wrong = { code: 'invalid_input', field: 'computation.columns.2.levels.1', message: 'must be text' };
  answer('post', '/v1/jobs/check', { ...CHECKED, spec: null, problems: [wrong] });
  const { user } = open('review', {}, 'es');
  expect(await screen.findByText(/Columna 3, Niveles:/)).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Corregir: Qué ver' }));
  await waitFor(() => expect(screen.getByLabelText('Niveles')).toHaveFocus());
});

test('the settings of a job ask for the same again, and shares that the kind has fixed are nobody’s typing', () => {
  expect(TYPED).toMatchObject({ kind: 'statistics', trainerPercent: DEFAULTS.trainerPercent });
  if (TYPED === null) throw new Error('this kind is not known');
  expect(findProblems(TYPED, 'en')).toEqual([]);
  expect(toRequest(TYPED)).toMatchObject({ computation: STATISTICS, pay: null, min_owners: 5 });
});

const number = { kind: 'number', name: 'a', unit: '', minimum: '0', maximum: '1', bins: '10', levels: '' };
const category = { ...number, kind: 'category', name: 'b', levels: 'x\ny' };

test.each<[string, object, Partial<JobValues>, string[]]>([
  ['nothing', { columns: [number, category] }, {}, []],
  ['no columns', { columns: [] }, {}, ['columns']],
  ['a name twice', { columns: [number, { ...category, name: ' a ' }] }, {}, ['columns.1.name']],
  ['no bins', { columns: [{ ...number, bins: '0' }] }, {}, ['columns.0.bins']],
  ['a maximum below the minimum', { columns: [{ ...number, maximum: '-1' }] }, {}, ['columns.0.maximum']],
  ['a level twice', { columns: [{ ...category, levels: 'x\n\n x ' }] }, {}, ['columns.0.levels']],
  ['a long level', { columns: [{ ...category, levels: 'x'.repeat(201) }] }, {}, ['columns.0.levels']],
  ['two owners', { columns: [number] }, { minOwners: '2' }, ['minOwners']],
  ['shares that nobody is asked for', { columns: [number] }, { trainerPercent: '90' }, []],
])('finds %s', (_, computation, values, found) => {
  const computations = { statistics: { ...DEFAULTS.computations.statistics, ...computation } };
  const typed = { ...DEFAULTS, title: 'Patients', kind: 'statistics', computations, ...values };
  const paths = findProblems(typed, 'en').map(({ path }) => path.join('.').replace('computations.statistics.', ''));
  expect(paths).toEqual(found);
});

test.each([
  ['computation.columns', 'computations.statistics.columns'],
  ['computation.columns.2', 'computations.statistics.columns.2.name'],
  ['computation.columns.2.levels.0', 'computations.statistics.columns.2.levels'],
  ['computation.columns.0.number.minimum', 'computations.statistics.columns.0.minimum'],
  ['computation.correlation', 'computations.statistics.correlation'],
  ['pay.trainer_bps', undefined],
  ['min_owners', 'minOwners'],
])('the field of %s is %s', (requested, field) => {
  expect(fieldOf(requested, 'statistics')).toBe(field);
});
