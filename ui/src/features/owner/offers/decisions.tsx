import { useState } from 'react';
import { ConfirmDialog } from '@/components/Dialog';
import { Checkbox } from '@/components/fields';
import { useMessages } from '@/i18n/messages';
import { useDecline, useTakeBack } from '../api/offers';
import { messages } from './messages';

interface DecisionProps {
  jobId: number;
  onClose: () => void;
}

/** Ask before a job is declined. */
export function DeclineDialog({ jobId, onClose }: DecisionProps) {
  const m = useMessages(messages);
  const decline = useDecline(jobId);
  return (
    <ConfirmDialog
      title={m.declineTitle}
      isOpen
      onClose={onClose}
      confirmLabel={m.decline}
      isPending={decline.isPending}
      error={decline.error}
      onConfirm={() => decline.mutate(undefined, { onSuccess: onClose })}
    >
      <p>{m.declineText}</p>
    </ConfirmDialog>
  );
}

/** Ask before an acceptance is taken back, and whether also on chain. */
export function TakeBackDialog({ jobId, onClose }: DecisionProps) {
  const m = useMessages(messages);
  const takeBack = useTakeBack(jobId);
  const [revoke, setRevoke] = useState(false);
  return (
    <ConfirmDialog
      title={m.takeBackTitle}
      isOpen
      danger
      onClose={onClose}
      confirmLabel={m.takeBackConfirm}
      isPending={takeBack.isPending}
      error={takeBack.error}
      onConfirm={() => takeBack.mutate(revoke, { onSuccess: onClose })}
    >
      <p>{m.takeBackText}</p>
      <Checkbox isSelected={revoke} onChange={setRevoke} description={m.revokeHelp}>
        {m.revoke}
      </Checkbox>
    </ConfirmDialog>
  );
}
