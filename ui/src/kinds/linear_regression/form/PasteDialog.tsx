import { useWatch } from 'react-hook-form';
import { Button } from '@/components/Button';
import { Dialog } from '@/components/Dialog';
import { common } from '@/components/messages';
import { FormTextField } from '@/forms/FormField';
import { useMessages } from '@/i18n/messages';
import columns from '../../columns.module.css';
import { messages } from './messages';
import { readPastedTable } from './pastedTable';
import { AT, type FeatureValues, type LinearForm } from './values';

const MOST_SHOWN = 5;

interface PasteDialogProps {
  form: LinearForm;
  onUse: (features: FeatureValues[]) => void;
  onClose: () => void;
}

/** Paste a table of features, and see line by line what is wrong with it. */
export function PasteDialog({ form, onUse, onClose }: PasteDialogProps) {
  const m = useMessages(messages);
  const c = useMessages(common);
  const text = useWatch({ control: form.control, name: `${AT}.pasted` });
  const { features, problems } = readPastedTable(text);
  const isUsable = features.length > 0 && problems.length === 0;
  const use = () => {
    onUse(features);
    form.setValue(`${AT}.pasted`, '');
  };
  return (
    <Dialog
      title={m.pasteTitle}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{c.cancel}</Button>
          <Button variant="primary" isDisabled={!isUsable} onPress={use}>
            {m.pasteUse}
          </Button>
        </>
      }
    >
      <FormTextField
        control={form.control}
        name={`${AT}.pasted`}
        label={m.pasteLabel}
        description={m.pasteHelp}
        rows={9}
        monospace
        spellCheck="false"
        autoFocus
      />
      <div aria-live="polite">
        {problems.length === 0 && <p>{features.length > 0 ? m.pasteFound(features.length) : m.pasteNothing}</p>}
        <ul className={columns.problem}>
          {problems.slice(0, MOST_SHOWN).map(({ line, code }) => (
            <li key={line}>{m.pasteProblems[code](line)}</li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
