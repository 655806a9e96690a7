import { ArrowLeft, ArrowRight } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { Button } from '@/components/Button';
import { ConfirmDialog } from '@/components/Dialog';
import { PageHeader, Row } from '@/components/layout';
import { useMessages } from '@/i18n/messages';
import { LearnStep } from './LearnStep';
import { messages } from './messages';
import { MoneyStep } from './MoneyStep';
import { OwnersStep } from './OwnersStep';
import { ReviewStep } from './ReviewStep';
import { StepList } from './StepList';
import { TrainingStep } from './TrainingStep';
import { type JobForm, useJobForm } from './useJobForm';
import { DEFAULTS, FIELDS, type Step, STEPS } from './values';
import styles from './wizard.module.css';

type FocusTarget = 'heading' | 'problem';

/** Post a job, step by step; the step is in the address, what is typed in the browser's storage. */
export function NewJobPage() {
  const m = useMessages(messages);
  const form = useJobForm();
  const [parameters, setParameters] = useSearchParams();
  const step = STEPS.find((known) => known === parameters.get('step')) ?? STEPS[0];
  const [focus, setFocus] = useState<{ on: FocusTarget } | null>(null);
  const panel = useFocus(focus, step);

  const goTo = (target: Step, on: FocusTarget = 'heading') => {
    setParameters({ step: target });
    setFocus({ on });
  };
  const next = async () => {
    const following = STEPS[STEPS.indexOf(step) + 1];
    const isRight = await form.trigger([...FIELDS[step]]);
    if (!isRight) setFocus({ on: 'problem' });
    else if (following) goTo(following);
  };
  return (
    <>
      <PageHeader
        title={m.title}
        subtitle={m.kept}
        back={{ to: '/jobs', label: m.back }}
        actions={<Discard form={form} onDone={() => goTo('learn')} />}
      />
      <StepList form={form} current={step} />
      <form
        ref={panel}
        className={styles.panel}
        noValidate
        aria-label={m.steps[step]}
        onSubmit={(event) => {
          event.preventDefault();
          if (step !== 'review') void next();
        }}
      >
        {step === 'learn' && <LearnStep form={form} focus={focus} />}
        {step === 'training' && <TrainingStep form={form} />}
        {step === 'owners' && <OwnersStep form={form} />}
        {step === 'money' && <MoneyStep form={form} />}
        {step === 'review' && (
          <ReviewStep form={form} onCorrect={(target) => goTo(target, 'problem')} onChange={goTo} />
        )}
        {step !== 'review' && (
          <Row justify="between">
            <PreviousButton step={step} onPress={goTo} />
            <Button type="submit" variant="primary">
              {m.next} <ArrowRight size={16} aria-hidden />
            </Button>
          </Row>
        )}
      </form>
    </>
  );
}

function PreviousButton({ step, onPress }: { step: Step; onPress: (step: Step) => void }) {
  const m = useMessages(messages);
  const before = STEPS[STEPS.indexOf(step) - 1];
  if (before === undefined) return <span />;
  return (
    <Button icon={<ArrowLeft size={16} aria-hidden />} onPress={() => onPress(before)}>
      {m.previous}
    </Button>
  );
}

function Discard({ form, onDone }: { form: JobForm; onDone: () => void }) {
  const m = useMessages(messages);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button variant="ghost" onPress={() => setIsOpen(true)}>
        {m.discard}
      </Button>
      <ConfirmDialog
        title={m.discardTitle}
        isOpen={isOpen}
        onClose={() => setIsOpen(false)}
        confirmLabel={m.discardConfirm}
        danger
        isPending={false}
        error={null}
        onConfirm={() => {
          form.reset(DEFAULTS);
          form.discardDraft();
          form.renewSubmissionKey();
          setIsOpen(false);
          onDone();
        }}
      >
        <p>{m.discardText}</p>
      </ConfirmDialog>
    </>
  );
}

/** Moves the focus to the heading of a new step, or to the first field that is wrong. */
function useFocus(focus: { on: FocusTarget } | null, step: Step) {
  const panel = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (focus === null) return undefined;
    // After the step has been drawn, and with it the page of a long list that has the first wrong field.
    const timer = setTimeout(() => {
      const selector = focus.on === 'problem' ? '[aria-invalid="true"]' : 'h2';
      const target = panel.current?.querySelector<HTMLElement>(selector);
      if (focus.on === 'heading') target?.setAttribute('tabindex', '-1');
      target?.focus();
    });
    return () => clearTimeout(timer);
  }, [focus, step]);
  return panel;
}
