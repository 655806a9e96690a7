/** What the service answers about a model, for the tests. */
export const MODEL = {
  features: [
    { name: 'age', minimum: 18, maximum: 90, unit: 'years', weight: 1.5 },
    { name: 'bmi', minimum: 15, maximum: 45, unit: '', weight: -2 },
  ],
  intercept: 120,
  target: { name: 'sugar', minimum: 50, maximum: 300, unit: 'mg/dl' },
};
