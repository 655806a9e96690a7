import { Check } from 'lucide-react';
import { useWatch } from 'react-hook-form';
import { Link } from 'react-router';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import { findProblems } from './problems';
import type { JobForm } from './useJobForm';
import { useStepNames } from './stepNames';
import { type JobValues, stepOf, stepsOf } from './values';
import styles from './wizard.module.css';

/** The steps of the wizard, and which one is shown. */
export function StepList({ form, current }: { form: JobForm; current: string }) {
  const m = useMessages(messages);
  const { locale } = useLocale();
  const values = useWatch({ control: form.control }) as JobValues;
  const names = useStepNames(values.kind);
  const steps = stepsOf(values.kind);
  const problems = findProblems(values, locale).map(({ path }) => stepOf(path.join('.'), values.kind));
  const isDone = (step: string) => steps.indexOf(step) < steps.indexOf(current) && !problems.includes(step);
  return (
    <nav aria-label={m.stepsLabel}>
      <ol className={styles.steps}>
        {steps.map((step, index) => (
          <li key={step}>
            <Link
              to={{ search: `?step=${step}` }}
              className={`${styles.step} ${isDone(step) ? styles.done : ''}`}
              aria-current={step === current ? 'step' : undefined}
            >
              <span className={styles.number} aria-hidden>
                {isDone(step) ? <Check size={14} strokeWidth={3} /> : index + 1}
              </span>
              <span className={styles.stepName}>{names(step)}</span>
              {isDone(step) && <span className="visually-hidden"> ({m.stepDone})</span>}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
