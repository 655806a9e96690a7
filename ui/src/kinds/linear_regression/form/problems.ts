import { parseNumber } from '@/format/number';
import type { Locale } from '@/i18n/locale';
import { checkRange, required, tooLong, whole, type Report } from '../../checks';
import { messages } from './messages';
import type { FeatureValues, LinearValues } from './values';

const MOST_FEATURES = 500;

/** Report what is wrong with what was typed, so far as it can be known without the service. */
export function check(values: LinearValues, locale: Locale, report: Report): void {
  checkColumns(values, locale, report);
  checkTraining(values, locale, report);
}

function checkColumns(values: LinearValues, locale: Locale, report: Report): void {
  const texts = messages[locale].problems;
  if (values.features.length === 0) report('features', texts.noFeature);
  if (values.features.length > MOST_FEATURES) report('features', texts.tooManyFeatures(MOST_FEATURES));
  const names = values.features.map(({ name }) => name.trim());
  values.features.forEach((feature, index) => {
    report(`features.${index}.name`, required(feature.name, texts.featureName));
    checkColumn(feature, `features.${index}`, locale, report);
    const name = names[index] ?? '';
    if (name !== '' && names.indexOf(name) < index) report(`features.${index}.name`, texts.repeated);
  });
  const target = values.target.name.trim();
  report('target.name', required(target, texts.targetName));
  checkColumn(values.target, 'target', locale, report);
  if (target !== '' && names.includes(target)) report('target.name', texts.targetIsFeature);
}

function checkColumn(feature: FeatureValues, path: string, locale: Locale, report: Report): void {
  report(`${path}.name`, tooLong(feature.name, 200, locale));
  report(`${path}.unit`, tooLong(feature.unit, 50, locale));
  checkRange(feature, path, locale, report);
}

function checkTraining(values: LinearValues, locale: Locale, report: Report): void {
  const texts = messages[locale].problems;
  report('rounds', whole(values.rounds, 1, 100_000, locale));
  report('evaluateEvery', whole(values.evaluateEvery, 1, Number.MAX_SAFE_INTEGER, locale));
  report('localSteps', whole(values.localSteps, 1, 1000, locale));
  const rate = parseNumber(values.learningRate);
  if (values.learningRate.trim() === '') {
    if (values.scaling === 'none') report('learningRate', texts.rateNeeded);
  } else if (rate === undefined || rate <= 0 || rate > 1e12) report('learningRate', texts.rate);
  if (!values.stopsEarly) return;
  const improvement = parseNumber(values.minimumImprovement);
  if (improvement === undefined || improvement < 0 || improvement >= 100) report('minimumImprovement', texts.percent);
  report('patience', whole(values.patience, 1, 1000, locale));
}
