// The wizard with a job typed into it, and what the service says of that job, for the tests of its steps.

import { screen, within } from '@testing-library/react';
import type { UserEvent } from '@testing-library/user-event';
import { Route, Routes } from 'react-router';
import { renderPage } from '@/test/render';
import { NewJobPage } from '../wizard/NewJobPage';
import { DEFAULTS, type JobValues } from '../wizard/values';
import { LEARNS, SPEC } from './answers';

const page = (
  <Routes>
    <Route path="/jobs/new" element={<NewJobPage />} />
    <Route path="/jobs/:id" element={<p>The job that was posted</p>} />
  </Routes>
);

/** What is typed for a linear regression, with changes. */
export const linear = (changes: object = {}): Pick<JobValues, 'computations'> => ({
  computations: {
    ...DEFAULTS.computations,
    linear_regression: {
      ...DEFAULTS.computations.linear_regression,
      features: [
        { name: 'age', unit: 'years', minimum: '18', maximum: '90' },
        { name: 'bmi', unit: '', minimum: '15', maximum: '45,5' },
      ],
      target: { name: 'sugar', unit: 'mg/dl', minimum: '50', maximum: '3e2' },
      ...changes,
    },
  },
});

const FILLED: JobValues = {
  ...DEFAULTS,
  ...linear(),
  title: ' Blood sugar ',
  recruitFor: '2',
  recruitUnit: 'hours',
  trainFor: '30',
  trainUnit: 'minutes',
  deposit: '1,5',
};

/** How a deposit of 1.5 ETH would be split. */
export const PREVIEW = {
  trainers: 3,
  validators: 2,
  trainer_pool_wei: '525000000000000000',
  trainer_each_wei: '175000000000000000',
  validator_each_wei: '150000000000000000',
  aggregator_wei: '150000000000000000',
  refund_wei: '525000000000000000',
};

export const FUNDS = {
  deposit_wei: '1500000000000000000',
  posting_fee_wei: '1000000000000000',
  balance_wei: '5000000000000000000',
  promised_wei: '0',
  missing_wei: '0',
};

/** What the check says of a job that nothing stands in the way of. */
export const CHECKED = {
  problems: [],
  spec: SPEC,
  key_bits: 3072,
  funds: FUNDS,
  unavailable_reason: null,
  learns: LEARNS,
  pay_rule: 'improvement',
};

/** The wizard at a step, with a draft as it is kept, or as it was left. */
export function openDraft(step: string, draft?: JobValues, locale: 'en' | 'es' = 'en') {
  if (draft) localStorage.setItem('deltaml.draft.new-job', JSON.stringify(draft));
  return renderPage(page, { at: `/jobs/new?step=${step}`, locale });
}

/** The same with a whole linear regression typed in, but for some changes. */
export function openFilled(step: string, changes: Partial<JobValues> = {}, locale: 'en' | 'es' = 'en') {
  return openDraft(step, { ...FILLED, ...changes }, locale);
}

export const next = (user: UserEvent) => user.click(screen.getByRole('button', { name: 'Next' }));
export const press = async (user: UserEvent, name: RegExp) => user.click(await screen.findByRole('button', { name }));
export const featureRow = (number: number) => within(screen.getByRole('group', { name: `Feature ${number}` }));
