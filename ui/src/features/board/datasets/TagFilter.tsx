import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import lists from '@/components/lists.module.css';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { TagCount } from './api';
import { messages } from './messages';

const MOST_SHOWN = 12;

interface TagFilterProps {
  tags: readonly TagCount[];
  chosen: readonly string[];
  onChange: (tags: string[]) => void;
}

/** The most frequent tags, of which any number can be chosen. */
export function TagFilter({ tags, chosen, onChange }: TagFilterProps) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const frequent = tags.toSorted((one, other) => other.count - one.count).slice(0, MOST_SHOWN);
  const isShown = (tag: string) => frequent.some((one) => one.tag === tag);
  // What is chosen can be taken back, even when nothing that is found has it.
  const shown = [...frequent, ...chosen.filter((tag) => !isShown(tag)).map((tag) => ({ tag, count: 0 }))];
  return (
    <ToggleButtonGroup
      aria-label={m.tags}
      className={lists.chips ?? ''}
      selectionMode="multiple"
      selectedKeys={chosen}
      onSelectionChange={(keys) => onChange([...keys].map(String))}
    >
      {shown.map(({ tag, count }) => (
        <ToggleButton key={tag} id={tag} className={lists.chip ?? ''}>
          {tag} <span className={lists.count}>{formatCount(count, format)}</span>
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
