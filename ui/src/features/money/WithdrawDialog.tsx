import { useMemo } from 'react';
import { useWatch } from 'react-hook-form';
import * as z from 'zod/mini';
import { Problem } from '@/api/problem';
import { ConfirmDialog } from '@/components/Dialog';
import { Callout } from '@/components/feedback';
import { Amount } from '@/components/values';
import { FormTextField } from '@/forms/FormField';
import { placeErrors, useDraftForm } from '@/forms/useDraftForm';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { useWithdraw } from './api';
import { messages } from './messages';

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** Ask before everything owed is paid out, and where to. */
export function WithdrawDialog({ owedWei, onClose }: { owedWei: string; onClose: () => void }) {
  const m = useMessages(messages);
  const inWords = useServiceText();
  const withdraw = useWithdraw();
  const schema = useMemo(
    () =>
      z.object({
        to: z.string().check(z.refine((text) => text.trim() === '' || ADDRESS.test(text.trim()), m.toWrong)),
      }),
    [m],
  );
  const form = useDraftForm({ schema, defaults: { to: '' }, draftKey: 'withdraw' });
  const to = useWatch({ control: form.control, name: 'to' });
  const placed = withdraw.error instanceof Problem && withdraw.error.fieldErrors.some(({ field }) => field === 'to');
  const submit = form.handleSubmit((values) =>
    withdraw.mutate(values.to.trim() || undefined, {
      onSuccess: () => {
        form.discardDraft();
        onClose();
      },
      onError: (error) => placeErrors(form, error, (field) => (field === 'to' ? 'to' : undefined), inWords),
    }),
  );
  return (
    <ConfirmDialog
      title={m.dialogTitle}
      isOpen
      onClose={onClose}
      confirmLabel={m.confirm}
      isPending={withdraw.isPending}
      error={placed ? null : withdraw.error}
      onConfirm={() => void submit()}
    >
      <p>
        <Amount wei={owedWei} />
      </p>
      <p>{m.dialogText}</p>
      <FormTextField
        control={form.control}
        name="to"
        label={m.to}
        description={m.toHelp}
        monospace
        optional
        spellCheck="false"
      />
      {to.trim() !== '' && <Callout tone="warning">{m.toWarning}</Callout>}
    </ConfirmDialog>
  );
}
