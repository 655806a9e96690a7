import { ArrowLeft } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useFormState } from 'react-hook-form';
import { Link, useNavigate } from 'react-router';
import { ConnectionLost, Problem } from '@/api/problem';
import { Button } from '@/components/Button';
import { ActionError, Callout, ErrorState, Loading } from '@/components/feedback';
import { Card, Muted, Row, Stack } from '@/components/layout';
import { common } from '@/components/messages';
import { formatEther } from '@/format/amount';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { ServiceText } from '@/i18n/serviceText';
import { type CheckedJob, refusalsOf, useCheckedJob, usePostJob } from './api';
import { Corrections } from './Corrections';
import { messages } from './messages';
import { Summary } from './Summary';
import { type JobForm, listProblems, usePlaceProblem } from './useJobForm';
import { type JobRequest, toRequest } from './values';

interface ReviewProps {
  form: JobForm;
  /** Go to a step to correct what is wrong there. */
  onCorrect: (step: string) => void;
  onChange: (step: string) => void;
}

/** Everything once more, checked by the service, before it is posted. */
export function ReviewStep({ form, onCorrect, onChange }: ReviewProps) {
  const m = useMessages(messages);
  const place = usePlaceProblem(form);
  const request = useRequest(form);
  const checked = useCheckedJob(request, form.submissionKey);
  const { errors } = useFormState({ control: form.control });
  const problems = listProblems(errors);
  const [unplaced, setUnplaced] = useState<readonly Problem[]>([]);
  useEffect(() => {
    if (checked.data) setUnplaced(refusalsOf(checked.data).filter((refusal) => !place(refusal)));
    // Only a new answer is placed; `place` changes with the language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [checked.data]);
  const isRight = checked.data?.problems.length === 0 && problems.length === 0;
  const refetch = () => void checked.refetch();
  return (
    <>
      <Card title={m.review}>
        <Stack>
          <Muted>{m.reviewHelp}</Muted>
          <Corrections kind={form.getValues('kind')} problems={problems} onCorrect={onCorrect} />
          {unplaced.map((refusal) => (
            <ActionError key={refusal.message} error={refusal} />
          ))}
          {checked.error && <ErrorState error={checked.error} onRetry={refetch} />}
          {checked.data?.unavailable_reason && <Unchecked checked={checked.data} onRetry={refetch} />}
          {checked.isFetching && (
            <div role="status">
              <p>{m.checking}</p>
              <Loading />
            </div>
          )}
          {checked.data && isRight && <Summary checked={checked.data} onChange={onChange} />}
        </Stack>
      </Card>
      <Submit
        form={form}
        request={request}
        depositWei={isRight ? checked.data?.funds?.deposit_wei : undefined}
        onChange={onChange}
      />
    </>
  );
}

function Submit(props: {
  form: JobForm;
  request: JobRequest | null;
  /** Known once nothing is in the way. */
  depositWei: string | undefined;
  onChange: (step: string) => void;
}) {
  const { form, request, depositWei, onChange } = props;
  const m = useMessages(messages);
  const { format } = useLocale();
  const navigate = useNavigate();
  const place = usePlaceProblem(form);
  const post = usePostJob();
  const [unplaced, setUnplaced] = useState<unknown>(null);
  const submit = (job: JobRequest, key: string) => {
    setUnplaced(null);
    const submission = { request: job, key };
    post.mutate(submission, {
      onSuccess: ({ id }) => {
        form.discardDraft();
        void navigate(`/jobs/${id}`, { replace: true });
      },
      onError: (error) => setUnplaced(place(error) ? null : error),
    });
  };
  const former = formerJob(unplaced);
  const deposit = depositWei === undefined ? '' : formatEther(BigInt(depositWei), format);
  return (
    <>
      <NotPosted error={unplaced} formerJob={former} />
      <Row justify="between">
        <Button icon={<ArrowLeft size={16} aria-hidden />} onPress={() => onChange('money')}>
          {m.previous}
        </Button>
        {request && depositWei !== undefined && (
          <Button
            variant="primary"
            isPending={post.isPending}
            onPress={() => submit(request, former === null ? form.submissionKey : form.renewSubmissionKey())}
          >
            {former === null ? m.submit(deposit) : m.submitAnother(deposit)}
          </Button>
        )}
      </Row>
    </>
  );
}

/** The job that was posted from this form before it was changed, when that is why posting was refused. */
function formerJob(error: unknown): string | null {
  if (!(error instanceof Problem) || error.code !== 'idempotency_key_reused') return null;
  return typeof error.fields.job === 'string' ? error.fields.job : null;
}

/** Why posting did not come to an end, unless that stands beside a field. */
function NotPosted({ error, formerJob }: { error: unknown; formerJob: string | null }) {
  const m = useMessages(messages);
  if (formerJob !== null) {
    return (
      <Callout tone="warning" title={m.postedBefore}>
        {m.postedBeforeText} <Link to={`/jobs/${formerJob}`}>{m.postedBeforeLink}</Link>
      </Callout>
    );
  }
  if (!(error instanceof ConnectionLost)) return <ActionError error={error} />;
  return (
    <Callout tone="warning" title={m.perhapsPosted}>
      {m.perhapsPostedText} <Link to="/jobs">{m.back}</Link>
    </Callout>
  );
}

/** Says that the balance is not known, without which nothing can be posted. */
function Unchecked({ checked, onRetry }: { checked: CheckedJob; onRetry: () => void }) {
  const m = useMessages(messages);
  const c = useMessages(common);
  return (
    <Callout
      tone="warning"
      title={m.unchecked}
      actions={
        <Button size="small" onPress={onRetry}>
          {c.retry}
        </Button>
      }
    >
      <ServiceText>{checked.unavailable_reason ?? ''}</ServiceText>
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
