import { TrendingUp } from 'lucide-react';
import { kindWizard } from '../wizard';
import { LearnStep } from './form/LearnStep';
import { messages } from './form/messages';
import { fieldOf, labelOf } from './form/places';
import { check } from './form/problems';
import { TrainingStep } from './form/TrainingStep';
import { DEFAULTS, KIND, toComputation, valuesOf } from './form/values';

export default kindWizard(KIND, {
  icon: TrendingUp,
  order: 1,
  words: { en: messages.en.card, es: messages.es.card },
  // More could not be placed: 100 trainers and 40 validators at most, drawn about seven to three.
  owners: { least: 2, most: 133, exact: false },
  defaults: DEFAULTS,
  steps: [
    { key: 'learn', fields: ['features', 'target'], Component: LearnStep },
    {
      key: 'training',
      fields: [
        'rounds',
        'evaluateEvery',
        'localSteps',
        'learningRate',
        'scaling',
        'averaging',
        'stopsEarly',
        'minimumImprovement',
        'patience',
      ],
      Component: TrainingStep,
    },
  ],
  check,
  toComputation,
  valuesOf,
  fieldOf,
  labelOf,
  headroom: { field: 'learningRate', text: { en: messages.en.headroom, es: messages.es.headroom } },
});
