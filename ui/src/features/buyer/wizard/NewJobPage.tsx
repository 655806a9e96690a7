import { ArrowLeft, ArrowRight } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { type Path, useWatch } from 'react-hook-form';
import { useSearchParams } from 'react-router';
import { Button } from '@/components/Button';
import { ConfirmDialog } from '@/components/Dialog';
import { PageHeader, Row } from '@/components/layout';
import { useMessages } from '@/i18n/messages';
import type { AnyKindForm } from '@/kinds/wizard';
import { AboutCard } from './AboutCard';
import { KindStep } from './KindStep';
import { messages } from './messages';
import { MoneyStep } from './MoneyStep';
import { OwnersStep } from './OwnersStep';
import { ReviewStep } from './ReviewStep';
import { StepList } from './StepList';
import { useStepNames } from './stepNames';
import { type JobForm, useJobForm } from './useJobForm';
import { DEFAULTS, fieldsOf, type JobValues, stepsOf, wizardOf } from './values';
import styles from './wizard.module.css';

type FocusTarget = 'heading' | 'problem';

/** Post a job, step by step; the step is in the address, what is typed in the browser's storage. */
export function NewJobPage() {
  const m = useMessages(messages);
  const form = useJobForm();
  const [parameters, setParameters] = useSearchParams();
  const kind = useWatch({ control: form.control, name: 'kind' });
  const steps = stepsOf(kind);
  const step = steps.find((known) => known === parameters.get('step')) ?? 'kind';
  const nameOf = useStepNames(kind);
  const [focus, setFocus] = useState<{ on: FocusTarget } | null>(null);
  const panel = useFocus(focus, step);

  const goTo = (target: string, on: FocusTarget = 'heading') => {
    setParameters({ step: target });
    setFocus({ on });
  };
  const next = async () => {
    const following = steps[steps.indexOf(step) + 1];
    const isRight = await form.trigger([...fieldsOf(step, kind)] as Path<JobValues>[]);
    if (!isRight) setFocus({ on: 'problem' });
    else if (following) goTo(following);
  };
  return (
    <>
      <PageHeader
        title={m.title}
        subtitle={m.kept}
        back={{ to: '/jobs', label: m.back }}
        actions={<Discard form={form} onDone={() => goTo('kind')} />}
      />
      <StepList form={form} current={step} />
      <form
        ref={panel}
        className={styles.panel}
        noValidate
        aria-label={nameOf(step)}
        onSubmit={(event) => {
          event.preventDefault();
          if (step !== 'review') void next();
        }}
      >
        {step === 'kind' && <KindStep form={form} />}
        <OwnStep form={form} kind={kind} step={step} focus={focus} />
        {step === 'owners' && <OwnersStep form={form} />}
        {step === 'money' && <MoneyStep form={form} />}
        {step === 'review' && (
          <ReviewStep form={form} onCorrect={(target) => goTo(target, 'problem')} onChange={goTo} />
        )}
        {step !== 'review' && (
          <Row justify="between">
            <PreviousButton before={steps[steps.indexOf(step) - 1]} onPress={goTo} />
            <Button type="submit" variant="primary">
              {m.next} <ArrowRight size={16} aria-hidden />
            </Button>
          </Row>
        )}
      </form>
    </>
  );
}

interface OwnStepProps {
  form: JobForm;
  kind: string;
  step: string;
  focus: object | null;
}

/** A step of the chosen kind; its first one begins with what every job has, a title. */
function OwnStep({ form, kind, step, focus }: OwnStepProps) {
  const nameOf = useStepNames(kind);
  const { steps } = wizardOf(kind);
  const shown = steps.find(({ key }) => key === step);
  if (shown === undefined) return null;
  return (
    <>
      {shown === steps[0] && <AboutCard form={form} title={nameOf(step)} />}
      <shown.Component form={form as unknown as AnyKindForm} focus={focus} />
    </>
  );
}

function PreviousButton({ before, onPress }: { before: string | undefined; onPress: (step: string) => void }) {
  const m = useMessages(messages);
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
function useFocus(focus: { on: FocusTarget } | null, step: string) {
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
