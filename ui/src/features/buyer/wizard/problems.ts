import { parseEther } from '@/format/amount';
import type { Locale } from '@/i18n/locale';
import { type Report, required, tooLong, whole } from '@/kinds/checks';
import { pathOf } from '@/kinds/wizard';
import { messages } from './messages';
import { basisPoints, computationOf, isFixedPrice, type JobValues, seconds, wizardOf } from './values';

/** What is wrong with one field, given by its path, and what to do about it. */
export interface FieldProblem {
  path: (string | number)[];
  message: string;
}

const LONGEST_S = 365 * 86_400;
const LONGEST_ROUND_S = 7 * 86_400;
const MOST_WEI = 2n ** 128n;
const ALL_BPS = 10_000;

/** Everything that is wrong with what was typed, so far as it can be known without the service. */
export function findProblems(values: JobValues, locale: Locale): FieldProblem[] {
  const found: FieldProblem[] = [];
  const report: Report = (path, message) => {
    if (message !== undefined) found.push({ path: path.split('.'), message });
  };
  report('title', required(values.title, messages[locale].problems.title) ?? tooLong(values.title, 200, locale));
  report('description', tooLong(values.description, 5000, locale));
  const inKind: Report = (field, message) => report(pathOf(values.kind, field), message);
  wizardOf(values.kind).check(computationOf(values), locale, inKind);
  checkOwners(values, locale, report);
  checkMoney(values, locale, report);
  return found;
}

function checkOwners(values: JobValues, locale: Locale, report: Report): void {
  const texts = messages[locale].problems;
  const { least, most } = wizardOf(values.kind).owners;
  report('minOwners', whole(values.minOwners, least, most, locale));
  report('minRows', whole(values.minRows, 1, Number.MAX_SAFE_INTEGER, locale));
  const recruitS = seconds(values.recruitFor, values.recruitUnit);
  const trainS = seconds(values.trainFor, values.trainUnit);
  report('recruitFor', recruitS > 0 ? undefined : texts.duration);
  report('trainFor', trainS > 0 ? undefined : texts.duration);
  if (recruitS + trainS > LONGEST_S) report('trainFor', texts.tooLate);
  report('roundTimeout', whole(values.roundTimeout, 1, LONGEST_ROUND_S, locale));
}

function checkMoney(values: JobValues, locale: Locale, report: Report): void {
  const texts = messages[locale].problems;
  const deposit = parseEther(values.deposit);
  if (deposit === undefined || deposit === 0n || deposit >= MOST_WEI) report('deposit', texts.deposit);
  if (isFixedPrice(values.kind)) return;
  const shares = (['trainerPercent', 'validatorPercent', 'aggregatorPercent'] as const).map((field) => {
    const bps = basisPoints(values[field]);
    const fits = bps !== undefined && bps >= 0 && bps <= ALL_BPS;
    report(field, fits ? undefined : texts.share);
    return bps ?? 0;
  });
  if (shares.reduce((sum, bps) => sum + bps, 0) > ALL_BPS) report('trainerPercent', texts.shares);
}
