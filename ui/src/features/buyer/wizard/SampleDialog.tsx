import { useState } from 'react';
import { Button } from '@/components/Button';
import { Dialog } from '@/components/Dialog';
import { SelectField } from '@/components/fields';
import { FileDrop } from '@/components/FileDrop';
import { common } from '@/components/messages';
import { Muted, Stack } from '@/components/layout';
import { formatCount, formatNumber, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { messages } from './messages';
import { isUsable, readSample, type Sample, type SampleColumn, widenedRange } from './sample';
import type { FeatureValues } from './values';
import styles from './wizard.module.css';

type Role = 'feature' | 'target' | 'none';

const WIDENINGS = ['0', '0.05', '0.1', '0.25'];

interface SampleDialogProps {
  onUse: (features: FeatureValues[], target: FeatureValues | undefined) => void;
  onClose: () => void;
}

/** Read features and target from a file that stays in this page. */
export function SampleDialog({ onUse, onClose }: SampleDialogProps) {
  const m = useMessages(messages);
  const c = useMessages(common);
  const { format } = useLocale();
  const [sample, setSample] = useState<Sample>();
  const [problem, setProblem] = useState<string>();
  const [roles, setRoles] = useState<readonly Role[]>([]);
  const [widening, setWidening] = useState('0.1');

  const read = async (file: File) => {
    if (!file.name.toLowerCase().endsWith('.csv')) {
      setProblem(m.sampleKind);
      return;
    }
    const found = await readSample(file);
    setProblem(found ? undefined : m.sampleEmpty);
    setSample(found);
    setRoles(found ? firstRoles(found.columns) : []);
  };
  const choose = (index: number, role: Role) => setRoles(withRole(roles, index, role));
  const take = (role: Role) =>
    (sample?.columns ?? [])
      .filter((_, index) => roles[index] === role)
      .map((column) => toFeature(column, Number(widening)));
  const nothingChosen = roles.every((role) => role === 'none');
  return (
    <Dialog
      title={m.sampleTitle}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{c.cancel}</Button>
          <Button
            variant="primary"
            isDisabled={nothingChosen}
            onPress={() => {
              onUse(take('feature'), take('target')[0]);
              onClose();
            }}
          >
            {m.sampleApply}
          </Button>
        </>
      }
    >
      <FileDrop accept={['.csv']} onFile={(file) => void read(file)} hint={m.sampleHint} error={problem} />
      {sample && (
        <Stack>
          <p role="status">{m.sampleRead(sample.fileName, sample.rows, formatCount(sample.rows, format))}</p>
          <SelectField
            label={m.sampleWiden}
            description={m.sampleWidenHelp}
            value={widening}
            onChange={setWidening}
            options={WIDENINGS.map((value) => ({ value, label: formatShare(Number(value), format) }))}
          />
          <ul className={styles.sample}>
            {sample.columns.map((column, index) => (
              <li key={index}>
                <Column
                  column={column}
                  widening={Number(widening)}
                  role={roles[index] ?? 'none'}
                  onRole={(role) => choose(index, role)}
                />
              </li>
            ))}
          </ul>
          {nothingChosen && <Muted>{sample.columns.some(isUsable) ? m.sampleNone : m.sampleUnusable}</Muted>}
        </Stack>
      )}
    </Dialog>
  );
}

interface ColumnProps {
  column: SampleColumn;
  widening: number;
  role: Role;
  onRole: (role: Role) => void;
}

function Column({ column, widening, role, onRole }: ColumnProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const { minimum, maximum } = widenedRange(column, widening);
  return (
    <>
      <div className={styles.sampleText}>
        <strong>{column.name}</strong>
        <Muted>
          {isUsable(column)
            ? `${formatNumber(minimum, format)} … ${formatNumber(maximum, format)}`
            : whyUnusable(column, m)}
        </Muted>
      </div>
      {isUsable(column) && (
        <SelectField
          label={m.sampleUseOf(column.name)}
          hideLabel
          value={role}
          onChange={(value) => onRole(value as Role)}
          options={(['feature', 'target', 'none'] as const).map((value) => ({ value, label: m.sampleRoles[value] }))}
        />
      )}
    </>
  );
}

function whyUnusable(column: SampleColumn, m: (typeof messages)['en']): string {
  if (column.name === '') return m.sampleNameless;
  if (column.isRepeated) return m.sampleRepeated;
  if (column.text) return m.sampleText(column.text.row, column.text.cell.slice(0, 30));
  return column.numbers === 0 ? m.sampleBlank : m.sampleConstant;
}

/** By habit the target is the last column. */
function firstRoles(columns: readonly SampleColumn[]): Role[] {
  const last = columns.findLastIndex(isUsable);
  return columns.map((column, index) => (index === last ? 'target' : isUsable(column) ? 'feature' : 'none'));
}

/** There is one target: choosing another makes the one before a feature. */
function withRole(roles: readonly Role[], index: number, role: Role): Role[] {
  return roles.map((before, other) => {
    if (other === index) return role;
    return role === 'target' && before === 'target' ? 'feature' : before;
  });
}

function toFeature(column: SampleColumn, widening: number): FeatureValues {
  const { minimum, maximum } = widenedRange(column, widening);
  return { name: column.name, unit: '', minimum: String(minimum), maximum: String(maximum) };
}
