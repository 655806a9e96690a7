import { defineMessages, plural } from '@/i18n/messages';

/** Texts about a linear regression that every face may show. */
export const messages = defineMessages({
  en: {
    summary: (features: number, target: string) =>
      `Predict ${target} from ${plural(features, '1 feature', `${features} features`)}`,
    columns: (features: number) => plural(features, 'Target and 1 feature', `Target and ${features} features`),
    feature: 'feature',
    target: 'target (what is predicted)',
    rangeOf: (minimum: string, maximum: string) => `${minimum} to ${maximum}`,
    rounds: 'Rounds',
    learningRate: 'Learning rate',
    localSteps: 'Local steps',
    evaluateEvery: 'Evaluated every',
    roundCount: (count: number) => plural(count, 'round', `${count} rounds`),
    scaling: 'Scaling',
    scalings: { range: 'by the declared ranges', none: 'none' },
    averaging: 'Averaging',
    averagings: { rows: 'by rows', uniform: 'all alike' },
    stopsEarly: 'Stop early',
    stopsNever: 'no',
    stopsWhen: (improvement: string, times: number) =>
      `below ${improvement}, ${plural(times, 'once', `${times} times in a row`)}`,
    improvement: 'Improvement',
    improvementHint: 'of the mean squared error',
    improvementEarly: 'known from the second checkpoint on',
    worse: 'the error has risen',
    mse: 'Mean squared error',
    mseFrom: (initial: string) => `from ${initial} at first`,
    mseNone: 'known from the first checkpoint on',
    curve: 'Error of the model',
    curveEmpty: 'The curve begins with the first checkpoint, once training has started.',
    curveNever: 'The job ended before the first checkpoint, so there is no curve.',
    worseModel: 'This model is worse than the one that training began with',
    worseModelText:
      'Its error has risen, most likely because the learning rate was too high. Post the job again with a lower one, or leave it empty.',
    growth: 'Bound of growth',
    learnFew: (owners: number) =>
      `This job can start with ${owners} owners. Then only one of them validates, and the published errors are those on that owner’s rows alone.`,
    learnLimits:
      'All this assumes that the buyer works together with neither the aggregator nor another owner: otherwise they can compute sums over your columns (second moments), which come close to the rows themselves where there are few. An aggregator that breaks the rules can alone learn such sums over all validators. The details are in docs/security.md of the project.',
  },
  es: {
    summary: (features, target) =>
      `Predecir ${target} con ${plural(features, '1 característica', `${features} características`)}`,
    columns: (features) => plural(features, 'Objetivo y 1 característica', `Objetivo y ${features} características`),
    feature: 'característica',
    target: 'objetivo (lo que se predice)',
    rangeOf: (minimum, maximum) => `de ${minimum} a ${maximum}`,
    rounds: 'Rondas',
    learningRate: 'Tasa de aprendizaje',
    localSteps: 'Pasos locales',
    evaluateEvery: 'Se evalúa cada',
    roundCount: (count) => plural(count, 'ronda', `${count} rondas`),
    scaling: 'Escalado',
    scalings: { range: 'por los intervalos declarados', none: 'ninguno' },
    averaging: 'Promedio',
    averagings: { rows: 'por filas', uniform: 'todos por igual' },
    stopsEarly: 'Parar antes',
    stopsNever: 'no',
    stopsWhen: (improvement, times) =>
      `si baja menos de ${improvement}, ${plural(times, 'una vez', `${times} veces seguidas`)}`,
    improvement: 'Mejora',
    improvementHint: 'del error cuadrático medio',
    improvementEarly: 'se sabrá desde el segundo control',
    worse: 'el error ha subido',
    mse: 'Error cuadrático medio',
    mseFrom: (initial) => `desde ${initial} al principio`,
    mseNone: 'se sabrá desde el primer control',
    curve: 'Error del modelo',
    curveEmpty: 'La curva empieza con el primer control, cuando haya comenzado el entrenamiento.',
    curveNever: 'El trabajo acabó antes del primer control, así que no hay curva.',
    worseModel: 'Este modelo es peor que aquel con el que empezó el entrenamiento',
    worseModelText:
      'Su error ha subido, lo más probable porque la tasa de aprendizaje era demasiado alta. Publique el trabajo otra vez con una menor, o déjela vacía.',
    growth: 'Cota de crecimiento',
    learnFew: (owners) =>
      `Este trabajo puede empezar con ${owners} propietarios. Entonces solo valida uno, y los errores publicados son los de las filas de ese propietario.`,
    learnLimits:
      'Todo esto supone que el comprador no colabora ni con el agregador ni con otro propietario: si lo hiciera, podrían calcular sumas sobre sus columnas (segundos momentos), que se acercan a las propias filas cuando hay pocas. Un agregador que incumpla las reglas puede conocer por sí solo esas sumas del conjunto de los validadores. El detalle está en docs/security.md del proyecto.',
  },
});
