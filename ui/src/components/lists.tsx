import { ChevronLeft, ChevronRight, Search, X } from 'lucide-react';
import {
  Button,
  Input,
  Label,
  SearchField as AriaSearchField,
  ToggleButton,
  ToggleButtonGroup,
} from 'react-aria-components';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { IconButton } from './Button';
import styles from './lists.module.css';
import { common } from './messages';

/** How many rows of a list are asked for and shown at a time. */
export const PAGE_SIZE = 25;

/** A box to search with; Escape empties it. */
export function SearchField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (text: string) => void;
}) {
  const m = useMessages(common);
  return (
    <AriaSearchField value={value} onChange={onChange} className={styles.search ?? ''}>
      <Label className="visually-hidden">{label}</Label>
      <Search size={16} aria-hidden />
      <Input placeholder={label} />
      {value !== '' && (
        <Button aria-label={m.clearSearch}>
          <X size={14} aria-hidden />
        </Button>
      )}
    </AriaSearchField>
  );
}

interface FilterProps<K extends string> {
  label: string;
  options: readonly { key: K; label: string; count?: number | undefined }[];
  /** `null` for all. */
  value: K | null;
  onChange: (key: K | null) => void;
}

/** A row of buttons of which one is chosen; the first is for all. */
export function FilterChips<K extends string>({ label, options, value, onChange }: FilterProps<K>) {
  const m = useMessages(common);
  const { format } = useLocale();
  const all = 'all';
  return (
    <ToggleButtonGroup
      aria-label={label}
      className={styles.chips ?? ''}
      disallowEmptySelection
      selectedKeys={[value ?? all]}
      onSelectionChange={(keys) => {
        const [chosen] = keys;
        onChange(options.find((option) => option.key === chosen)?.key ?? null);
      }}
    >
      <ToggleButton id={all} className={styles.chip ?? ''}>
        {m.all}
      </ToggleButton>
      {options.map((option) => (
        <ToggleButton key={option.key} id={option.key} className={styles.chip ?? ''}>
          {option.label}{' '}
          {option.count !== undefined && <span className={styles.count}>{formatCount(option.count, format)}</span>}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

/** Which part of a long list is shown, and ways to the other parts; nothing for a list that fits on one page. */
export function Pagination(props: {
  offset: number;
  total: number;
  pageSize?: number;
  onChange: (offset: number) => void;
}) {
  const { offset, total, pageSize = PAGE_SIZE, onChange } = props;
  const m = useMessages(common);
  if (total <= pageSize) return null;
  return (
    <nav className={styles.pagination} aria-label={m.pageOf(offset + 1, Math.min(offset + pageSize, total), total)}>
      <span>{m.pageOf(offset + 1, Math.min(offset + pageSize, total), total)}</span>
      <IconButton label={m.previous} isDisabled={offset === 0} onPress={() => onChange(Math.max(0, offset - pageSize))}>
        <ChevronLeft size={18} aria-hidden />
      </IconButton>
      <IconButton label={m.next} isDisabled={offset + pageSize >= total} onPress={() => onChange(offset + pageSize)}>
        <ChevronRight size={18} aria-hidden />
      </IconButton>
    </nav>
  );
}
