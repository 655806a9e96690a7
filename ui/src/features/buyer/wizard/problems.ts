import { parseEther } from '@/format/amount';
import { parseNumber } from '@/format/number';
import type { messages } from './messages';
import { basisPoints, type FeatureValues, type JobValues, seconds } from './values';

type Texts = (typeof messages)['en']['problems'];

/** What is wrong with one field, given by its path, and what to do about it. */
export interface FieldProblem {
  path: (string | number)[];
  message: string;
}

const MOST_FEATURES = 500;
const LARGEST = 1e100;
/** More could not be placed: 100 trainers and 40 validators at most, drawn about seven to three. */
const MOST_OWNERS = 133;
const LONGEST_S = 365 * 86_400;
const LONGEST_ROUND_S = 7 * 86_400;
const MOST_WEI = 2n ** 128n;
const ALL_BPS = 10_000;

/** Everything that is wrong with what was typed, so far as it can be known without the service. */
export function findProblems(values: JobValues, texts: Texts): FieldProblem[] {
  const found: FieldProblem[] = [];
  const report = (path: string, message: string | undefined) => {
    if (message !== undefined) found.push({ path: path.split('.'), message });
  };
  checkLearn(values, texts, report);
  checkTraining(values, texts, report);
  checkOwners(values, texts, report);
  checkMoney(values, texts, report);
  return found;
}

type Report = (path: string, message: string | undefined) => void;

function checkLearn(values: JobValues, texts: Texts, report: Report): void {
  report('title', required(values.title, texts.title) ?? tooLong(values.title, 200, texts));
  report('description', tooLong(values.description, 5000, texts));
  if (values.features.length === 0) report('features', texts.noFeature);
  if (values.features.length > MOST_FEATURES) report('features', texts.tooManyFeatures(MOST_FEATURES));
  const names = values.features.map(({ name }) => name.trim());
  values.features.forEach((feature, index) => {
    report(`features.${index}.name`, required(feature.name, texts.featureName));
    checkColumn(feature, `features.${index}`, texts, report);
    const name = names[index] ?? '';
    if (name !== '' && names.indexOf(name) < index) report(`features.${index}.name`, texts.repeated);
  });
  const target = values.target.name.trim();
  report('target.name', required(target, texts.targetName));
  checkColumn(values.target, 'target', texts, report);
  if (target !== '' && names.includes(target)) report('target.name', texts.targetIsFeature);
}

function checkColumn(feature: FeatureValues, path: string, texts: Texts, report: Report): void {
  report(`${path}.name`, tooLong(feature.name, 200, texts));
  report(`${path}.unit`, tooLong(feature.unit, 50, texts));
  const minimum = parseNumber(feature.minimum);
  const maximum = parseNumber(feature.maximum);
  report(`${path}.minimum`, bound(minimum, texts));
  const isOrdered = minimum === undefined || maximum === undefined || minimum < maximum;
  report(`${path}.maximum`, bound(maximum, texts) ?? (isOrdered ? undefined : texts.order));
}

function checkTraining(values: JobValues, texts: Texts, report: Report): void {
  report('rounds', whole(values.rounds, 1, 100_000, texts));
  report('evaluateEvery', whole(values.evaluateEvery, 1, Number.MAX_SAFE_INTEGER, texts));
  report('localSteps', whole(values.localSteps, 1, 1000, texts));
  const rate = parseNumber(values.learningRate);
  if (values.learningRate.trim() === '') {
    if (values.scaling === 'none') report('learningRate', texts.rateNeeded);
  } else if (rate === undefined || rate <= 0 || rate > 1e12) report('learningRate', texts.rate);
  if (!values.stopsEarly) return;
  const improvement = parseNumber(values.minimumImprovement);
  if (improvement === undefined || improvement < 0 || improvement >= 100) report('minimumImprovement', texts.percent);
  report('patience', whole(values.patience, 1, 1000, texts));
}

function checkOwners(values: JobValues, texts: Texts, report: Report): void {
  report('minOwners', whole(values.minOwners, 2, MOST_OWNERS, texts));
  report('minRows', whole(values.minRows, 1, Number.MAX_SAFE_INTEGER, texts));
  const recruitS = seconds(values.recruitFor, values.recruitUnit);
  const trainS = seconds(values.trainFor, values.trainUnit);
  report('recruitFor', recruitS > 0 ? undefined : texts.duration);
  report('trainFor', trainS > 0 ? undefined : texts.duration);
  if (recruitS + trainS > LONGEST_S) report('trainFor', texts.tooLate);
  report('roundTimeout', whole(values.roundTimeout, 1, LONGEST_ROUND_S, texts));
}

function checkMoney(values: JobValues, texts: Texts, report: Report): void {
  const deposit = parseEther(values.deposit);
  if (deposit === undefined || deposit === 0n || deposit >= MOST_WEI) report('deposit', texts.deposit);
  const shares = (['trainerPercent', 'validatorPercent', 'aggregatorPercent'] as const).map((field) => {
    const bps = basisPoints(values[field]);
    const fits = bps !== undefined && bps >= 0 && bps <= ALL_BPS;
    report(field, fits ? undefined : texts.share);
    return bps ?? 0;
  });
  if (shares.reduce((sum, bps) => sum + bps, 0) > ALL_BPS) report('trainerPercent', texts.shares);
}

function required(text: string, message: string): string | undefined {
  return text.trim() === '' ? message : undefined;
}

function tooLong(text: string, most: number, texts: Texts): string | undefined {
  return text.trim().length > most ? texts.tooLong(most) : undefined;
}

function bound(value: number | undefined, texts: Texts): string | undefined {
  return value === undefined || Math.abs(value) > LARGEST ? texts.number : undefined;
}

function whole(text: string, least: number, most: number, texts: Texts): string | undefined {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (value >= least && value <= most) return undefined;
  return most === Number.MAX_SAFE_INTEGER ? texts.wholeFrom(least) : texts.wholeBetween(least, most);
}
