import { Repeat2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { Button } from '@/components/Button';
import { ConfirmDialog } from '@/components/Dialog';
import { useMessages } from '@/i18n/messages';
import { hasUnpostedDraft, startFrom, valuesOf } from '../wizard/fromJob';
import type { JobDetail } from './api';
import { messages } from './messages';

/**
 * Opens the wizard with the settings of a job; asks first if that takes the place of something typed.
 *
 * Nothing for a kind that only the command can post.
 */
export function PostAgain({ job }: { job: JobDetail }) {
  const m = useMessages(messages);
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const values = valuesOf(job);
  if (values === null) return null;
  const open = () => {
    startFrom(values);
    void navigate('/jobs/new');
  };
  return (
    <>
      <Button icon={<Repeat2 size={16} aria-hidden />} onPress={() => (hasUnpostedDraft() ? setAsks(true) : open())}>
        {m.postAgain}
      </Button>
      <ConfirmDialog
        title={m.replaceTitle}
        isOpen={asks}
        onClose={() => setAsks(false)}
        confirmLabel={m.replaceConfirm}
        danger
        isPending={false}
        error={null}
        onConfirm={open}
      >
        <p>{m.replaceText}</p>
      </ConfirmDialog>
    </>
  );
}
