import { ArrowLeft } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useFormState } from 'react-hook-form';
import { useNavigate } from 'react-router';
import { Button } from '@/components/Button';
import { ActionError, Callout, ErrorState, Loading } from '@/components/feedback';
import { Card, Muted, Row, Stack } from '@/components/layout';
import { formatEther } from '@/format/amount';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { type CheckedJob, useCheckedJob, usePostJob } from './api';
import { messages } from './messages';
import { Summary } from './Summary';
import { type JobForm, listProblems, usePlaceProblem } from './useJobForm';
import { type JobRequest, type Step, stepOf, STEPS, toRequest } from './values';
import styles from './wizard.module.css';

interface ReviewProps {
  form: JobForm;
  /** Go to a step to correct what is wrong there. */
  onCorrect: (step: Step) => void;
  onChange: (step: Step) => void;
}

/** Everything once more, checked by the service, before it is posted. */
export function ReviewStep({ form, onCorrect, onChange }: ReviewProps) {
  const m = useMessages(messages);
  const place = usePlaceProblem(form);
  const request = useRequest(form);
  const checked = useCheckedJob(request);
  const { errors } = useFormState({ control: form.control });
  const problems = listProblems(errors);
  const [unplaced, setUnplaced] = useState<unknown>(null);
  useEffect(() => {
    if (checked.error) setUnplaced(place(checked.error) ? null : checked.error);
    // Only a new answer is placed; `place` changes with the language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [checked.error]);
  const refetch = () => {
    setUnplaced(null);
    void checked.refetch();
  };
  return (
    <>
      <Card title={m.review}>
        <Stack>
          <Muted>{m.reviewHelp}</Muted>
          <Problems problems={problems} onCorrect={onCorrect} />
          {unplaced !== null && <ErrorState error={unplaced} onRetry={refetch} />}
          {checked.isFetching && (
            <div role="status">
              <p>{m.checking}</p>
              <Loading />
            </div>
          )}
          {checked.data && problems.length === 0 && <Summary checked={checked.data} onChange={onChange} />}
        </Stack>
      </Card>
      <Submit
        form={form}
        request={request}
        checked={problems.length === 0 ? checked.data : undefined}
        onChange={onChange}
      />
    </>
  );
}

function Submit(props: {
  form: JobForm;
  request: JobRequest | null;
  checked: CheckedJob | undefined;
  onChange: (step: Step) => void;
}) {
  const { form, request, checked, onChange } = props;
  const m = useMessages(messages);
  const { format } = useLocale();
  const navigate = useNavigate();
  const place = usePlaceProblem(form);
  const post = usePostJob();
  const [unplaced, setUnplaced] = useState<unknown>(null);
  const submit = (job: JobRequest) => {
    setUnplaced(null);
    post.mutate(job, {
      onSuccess: ({ id }) => {
        form.discardDraft();
        void navigate(`/jobs/${id}`, { replace: true });
      },
      onError: (error) => setUnplaced(place(error) ? null : error),
    });
  };
  return (
    <>
      <ActionError error={unplaced} />
      <Row justify="between">
        <Button icon={<ArrowLeft size={16} aria-hidden />} onPress={() => onChange('money')}>
          {m.previous}
        </Button>
        {request && checked && (
          <Button variant="primary" isPending={post.isPending} onPress={() => submit(request)}>
            {m.submit(formatEther(BigInt(checked.deposit_wei), format))}
          </Button>
        )}
      </Row>
    </>
  );
}

function Problems(props: { problems: ReturnType<typeof listProblems>; onCorrect: (step: Step) => void }) {
  const m = useMessages(messages);
  const { problems, onCorrect } = props;
  if (problems.length === 0) return null;
  return (
    <Callout tone="danger" title={m.toCorrect(problems.length)}>
      <ul className={styles.corrections}>
        {STEPS.map((step) => {
          const here = new Set(problems.filter(({ path }) => stepOf(path) === step).map(({ message }) => message));
          if (here.size === 0) return null;
          return (
            <li key={step}>
              <span>
                <strong>{m.steps[step]}:</strong> {[...here].join(' ')}
              </span>
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

/** What is to be posted, once it has no problems that this page knows of. */
function useRequest(form: JobForm): JobRequest | null {
  const [request, setRequest] = useState<JobRequest | null>(null);
  const { trigger, getValues } = form;
  useEffect(() => {
    let isCurrent = true;
    void trigger().then((isRight) => {
      if (isCurrent && isRight) setRequest(toRequest(getValues()));
    });
    return () => {
      isCurrent = false;
    };
  }, [trigger, getValues]);
  return request;
}
