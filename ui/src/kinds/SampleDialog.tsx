import { useState } from 'react';
import { Button } from '@/components/Button';
import { Dialog } from '@/components/Dialog';
import { SelectField } from '@/components/fields';
import { FileDrop } from '@/components/FileDrop';
import { Muted, Stack } from '@/components/layout';
import { common } from '@/components/messages';
import { readSample, type Sample, type SampleColumn, widenedRange } from '@/files/sample';
import { formatCount, formatNumber, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import columns from './columns.module.css';
import { messages } from './messages';

const WIDENINGS = ['0', '0.05', '0.1', '0.25'];
const NONE = 'none';

interface SampleDialogProps<Role extends string> {
  title: string;
  /** What widening the ranges is good for. */
  widenHelp: string;
  /** Said as long as no column is used. */
  nothingChosen: string;
  /** What a column can be used as; nothing for one that cannot be used. */
  rolesOf: (column: SampleColumn) => readonly (Role | 'none')[];
  roleTexts: Readonly<Record<Role, string>>;
  /** What would be taken of a column, or why nothing can be. */
  textOf: (column: SampleColumn, role: Role | 'none', widening: number) => string;
  firstRoles: (columns: readonly SampleColumn[]) => readonly (Role | 'none')[];
  /** The roles once a column has got another; that one alone is changed unless given. */
  withRole?: (roles: readonly (Role | 'none')[], index: number, role: Role | 'none') => readonly (Role | 'none')[];
  onUse: (taken: readonly { column: SampleColumn; role: Role | 'none' }[], widening: number) => void;
  onClose: () => void;
}

/** Read columns from a file that stays in this page. */
export function SampleDialog<Role extends string>(props: SampleDialogProps<Role>) {
  const m = useMessages(messages).sample;
  const c = useMessages(common);
  const { format } = useLocale();
  const [sample, setSample] = useState<Sample>();
  const [problem, setProblem] = useState<string>();
  const [roles, setRoles] = useState<readonly (Role | 'none')[]>([]);
  const [widening, setWidening] = useState('0.1');

  const read = async (file: File) => {
    if (!file.name.toLowerCase().endsWith('.csv')) {
      setProblem(m.kind);
      return;
    }
    const found = await readSample(file);
    setProblem(found ? undefined : m.empty);
    setSample(found);
    setRoles(found ? props.firstRoles(found.columns) : []);
  };
  const choose = (index: number, role: Role | 'none') =>
    setRoles(props.withRole?.(roles, index, role) ?? roles.with(index, role));
  const taken = (sample?.columns ?? [])
    .map((column, index) => ({ column, role: roles[index] ?? NONE }))
    .filter(({ role }) => role !== NONE);
  return (
    <Dialog
      title={props.title}
      isOpen
      onClose={props.onClose}
      footer={
        <>
          <Button onPress={props.onClose}>{c.cancel}</Button>
          <Button
            variant="primary"
            isDisabled={taken.length === 0}
            onPress={() => {
              props.onUse(taken, Number(widening));
              props.onClose();
            }}
          >
            {m.apply}
          </Button>
        </>
      }
    >
      <FileDrop accept={['.csv']} onFile={(file) => void read(file)} hint={m.hint} error={problem} />
      {sample && (
        <Stack>
          <p role="status">{m.read(sample.fileName, sample.rows, formatCount(sample.rows, format))}</p>
          <SelectField
            label={m.widen}
            description={props.widenHelp}
            value={widening}
            onChange={setWidening}
            options={WIDENINGS.map((value) => ({ value, label: formatShare(Number(value), format) }))}
          />
          <ul className={columns.sample}>
            {sample.columns.map((column, index) => (
              <li key={index}>
                <Column
                  {...props}
                  column={column}
                  widening={Number(widening)}
                  role={roles[index] ?? NONE}
                  onRole={(role) => choose(index, role)}
                />
              </li>
            ))}
          </ul>
          {taken.length === 0 && (
            <Muted>
              {sample.columns.some((one) => props.rolesOf(one).length > 0) ? props.nothingChosen : m.unusable}
            </Muted>
          )}
        </Stack>
      )}
    </Dialog>
  );
}

interface ColumnProps<Role extends string> extends Pick<SampleDialogProps<Role>, 'rolesOf' | 'roleTexts' | 'textOf'> {
  column: SampleColumn;
  widening: number;
  role: Role | 'none';
  onRole: (role: Role | 'none') => void;
}

function Column<Role extends string>(props: ColumnProps<Role>) {
  const { column, widening, role, onRole, textOf, roleTexts } = props;
  const m = useMessages(messages).sample;
  const roles = props.rolesOf(column);
  const textOfRole = (one: Role | 'none') => (one === NONE ? m.none : roleTexts[one]);
  return (
    <>
      <div className={columns.sampleText}>
        <strong>{column.name}</strong>
        <Muted>{textOf(column, role, widening)}</Muted>
      </div>
      {roles.length > 0 && (
        <SelectField
          label={m.useOf(column.name)}
          hideLabel
          value={role}
          onChange={(value) => onRole(value as Role | 'none')}
          options={roles.map((value) => ({ value, label: textOfRole(value) }))}
        />
      )}
    </>
  );
}

/** How columns of a sample are described. */
export function useSampleTexts() {
  const m = useMessages(messages).sample;
  const { format } = useLocale();
  return {
    range: (column: SampleColumn, widening: number) => {
      const { minimum, maximum } = widenedRange(column, widening);
      return `${formatNumber(minimum, format)} … ${formatNumber(maximum, format)}`;
    },
    /** Why a column is no column of numbers to learn from. */
    whyNoNumbers: (column: SampleColumn) => {
      if (column.name === '') return m.nameless;
      if (column.isRepeated) return m.repeated;
      if (column.text) return m.text(column.text.row, column.text.cell.slice(0, 30));
      return column.numbers === 0 ? m.blank : m.constant;
    },
  };
}
