import { isCategory, isUsable, MOST_LEVELS, type SampleColumn, widenedRange } from '@/files/sample';
import { useMessages } from '@/i18n/messages';
import { SampleDialog, useSampleTexts } from '../../SampleDialog';
import { messages } from './messages';
import { type ColumnValues, NO_CATEGORY, NO_NUMBER } from './values';

type Role = 'number' | 'category';

/** Levels that are named for each column. */
const MOST_NAMED = 8;

interface ColumnSampleProps {
  onUse: (columns: ColumnValues[]) => void;
  onClose: () => void;
}

/** Read columns from a file that stays in this page: numbers with their range, few different texts as a category. */
export function ColumnSample({ onUse, onClose }: ColumnSampleProps) {
  const m = useMessages(messages);
  const texts = useSampleTexts();
  const textOf = (column: SampleColumn, role: Role | 'none', widening: number) => {
    if (isUsable(column) && role !== 'category') return texts.range(column, widening);
    if (isCategory(column)) return m.sampleLevels(column.levels?.length ?? 0, namesOf(column));
    return column.text !== null && column.levels === null ? m.sampleTooMany(MOST_LEVELS) : texts.whyNoNumbers(column);
  };
  return (
    <SampleDialog<Role>
      title={m.sampleTitle}
      widenHelp={m.sampleWidenHelp}
      nothingChosen={m.sampleNone}
      rolesOf={rolesOf}
      roleTexts={m.kinds}
      textOf={textOf}
      firstRoles={(columns) => columns.map((column) => rolesOf(column)[0] ?? 'none')}
      onUse={(taken, widening) => onUse(taken.map(({ column, role }) => toColumn(column, role, widening)))}
      onClose={onClose}
    />
  );
}

/** What a column may be; first what it most likely is. */
function rolesOf(column: SampleColumn): readonly (Role | 'none')[] {
  const roles: Role[] = [
    ...(isUsable(column) ? ['number' as const] : []),
    ...(isCategory(column) ? ['category' as const] : []),
  ];
  return roles.length > 0 ? [...roles, 'none'] : [];
}

function namesOf({ levels }: SampleColumn): string {
  const named = (levels ?? []).slice(0, MOST_NAMED).join(', ');
  return (levels?.length ?? 0) > MOST_NAMED ? `${named}, …` : named;
}

function toColumn(column: SampleColumn, role: Role | 'none', widening: number): ColumnValues {
  const { name } = column;
  if (role === 'category') return { ...NO_CATEGORY, name, levels: (column.levels ?? []).join('\n') };
  const { minimum, maximum } = widenedRange(column, widening);
  return { ...NO_NUMBER, name, minimum: String(minimum), maximum: String(maximum) };
}
