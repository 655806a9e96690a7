import { Button } from '@/components/Button';
import { Callout } from '@/components/feedback';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import type { FormProblem } from './useJobForm';
import { type Step, stepOf, STEPS } from './values';
import styles from './wizard.module.css';

/** Of each step; behind the button all of them are beside their fields. */
const MOST_SHOWN = 6;

interface CorrectionsProps {
  problems: readonly FormProblem[];
  /** Go to a step to correct what is wrong there. */
  onCorrect: (step: Step) => void;
}

/** What is wrong in which step, and the way there. */
export function Corrections({ problems, onCorrect }: CorrectionsProps) {
  const m = useMessages(messages);
  if (problems.length === 0) return null;
  return (
    <Callout tone="danger" title={m.toCorrect(problems.length)}>
      <ul className={styles.corrections}>
        {STEPS.map((step) => {
          const here = problems.filter(({ path }) => stepOf(path) === step);
          if (here.length === 0) return null;
          return (
            <li key={step}>
              <strong>{m.steps[step]}</strong>
              <ul>
                {here.slice(0, MOST_SHOWN).map(({ path, message }) => (
                  <li key={path}>
                    {nameOf(path, m)}: {message}
                  </li>
                ))}
                {here.length > MOST_SHOWN && <li>{m.moreToCorrect(here.length - MOST_SHOWN)}</li>}
              </ul>
              <Button size="small" aria-label={`${m.correct}: ${m.steps[step]}`} onPress={() => onCorrect(step)}>
                {m.correct}
              </Button>
            </li>
          );
        })}
      </ul>
    </Callout>
  );
}

/** What the form calls a field, given by its path (`features.2.minimum`). */
function nameOf(path: string, m: (typeof messages)['en']): string {
  const [first = '', ...rest] = path.split('.');
  const column = m.columns[rest.at(-1) as keyof typeof m.columns];
  if (first === 'features' && column) return `${m.featureNumber(Number(rest[0]) + 1)}, ${column}`;
  if (first === 'target') return `${m.target}, ${column}`;
  const label = first === 'title' ? m.name : m[first as keyof typeof m];
  return typeof label === 'string' ? label : first;
}
