import { Check } from 'lucide-react';
import { useWatch } from 'react-hook-form';
import { Link } from 'react-router';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import { findProblems } from './problems';
import type { JobForm } from './useJobForm';
import { type JobValues, type Step, stepOf, STEPS } from './values';
import styles from './wizard.module.css';

/** The steps of the wizard, and which one is shown. */
export function StepList({ form, current }: { form: JobForm; current: Step }) {
  const m = useMessages(messages);
  const values = useWatch({ control: form.control }) as JobValues;
  const problems = findProblems(values, m.problems).map(({ path }) => stepOf(path.join('.')));
  const isDone = (step: Step) => STEPS.indexOf(step) < STEPS.indexOf(current) && !problems.includes(step);
  return (
    <nav aria-label={m.stepsLabel}>
      <ol className={styles.steps}>
        {STEPS.map((step, index) => (
          <li key={step}>
            <Link
              to={{ search: `?step=${step}` }}
              className={`${styles.step} ${isDone(step) ? styles.done : ''}`}
              aria-current={step === current ? 'step' : undefined}
            >
              <span className={styles.number} aria-hidden>
                {isDone(step) ? <Check size={14} strokeWidth={3} /> : index + 1}
              </span>
              <span className={styles.stepName}>{m.steps[step]}</span>
              {isDone(step) && <span className="visually-hidden"> ({m.stepDone})</span>}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
