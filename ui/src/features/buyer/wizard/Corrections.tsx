import { Button } from '@/components/Button';
import { Callout } from '@/components/feedback';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { own } from '@/kinds/registry';
import { messages } from './messages';
import { useStepNames } from './stepNames';
import type { FormProblem } from './useJobForm';
import { isFixedPrice, stepOf, stepsOf, wizardOf } from './values';
import styles from './wizard.module.css';

/** Of each step; behind the button all of them are beside their fields. */
const MOST_SHOWN = 6;

interface CorrectionsProps {
  kind: string;
  problems: readonly FormProblem[];
  /** Go to a step to correct what is wrong there. */
  onCorrect: (step: string) => void;
}

/** What is wrong in which step, and the way there. */
export function Corrections({ kind, problems, onCorrect }: CorrectionsProps) {
  const m = useMessages(messages);
  const nameOf = useFieldNames(kind);
  const names = useStepNames(kind);
  if (problems.length === 0) return null;
  return (
    <Callout tone="danger" title={m.toCorrect(problems.length)}>
      <ul className={styles.corrections}>
        {stepsOf(kind).map((step) => {
          const here = problems.filter(({ path }) => stepOf(path, kind) === step);
          if (here.length === 0) return null;
          return (
            <li key={step}>
              <strong>{names(step)}</strong>
              <ul>
                {here.slice(0, MOST_SHOWN).map(({ path, message }) => (
                  <li key={path}>
                    {nameOf(path)}: {message}
                  </li>
                ))}
                {here.length > MOST_SHOWN && <li>{m.moreToCorrect(here.length - MOST_SHOWN)}</li>}
              </ul>
              <Button size="small" aria-label={`${m.correct}: ${names(step)}`} onPress={() => onCorrect(step)}>
                {m.correct}
              </Button>
            </li>
          );
        })}
      </ul>
    </Callout>
  );
}

/** What the form calls a field, given by its path. */
function useFieldNames(kind: string): (path: string) => string {
  const m = useMessages(messages);
  const { locale } = useLocale();
  return (path) => {
    const [first = '', , ...rest] = path.split('.');
    if (first === 'computations') return wizardOf(kind).labelOf(rest.join('.'), locale);
    const fixed = isFixedPrice(kind) ? own<string>(m.fixedPriceFields, first) : undefined;
    const label = fixed ?? (first === 'title' ? m.name : m[first as keyof typeof m]);
    return typeof label === 'string' ? label : first;
  };
}
