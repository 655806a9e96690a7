import { BarChart3 } from 'lucide-react';
import { kindWizard } from '../wizard';
import { ColumnsStep } from './form/ColumnsStep';
import { messages } from './form/messages';
import { fieldOf, labelOf } from './form/places';
import { check } from './form/problems';
import { DEFAULTS, KIND, toComputation, valuesOf } from './form/values';

export default kindWizard(KIND, {
  icon: BarChart3,
  order: 2,
  words: { en: messages.en.card, es: messages.es.card },
  // More could not be placed: 100 at most as trainers and one as a validator, as the contract still calls them.
  owners: { least: 3, most: 101, exact: true },
  defaults: DEFAULTS,
  steps: [{ key: 'learn', fields: ['columns', 'correlation'], Component: ColumnsStep }],
  check,
  toComputation,
  valuesOf,
  fieldOf,
  labelOf,
});
