import type { Learnt } from '@/api/schemas';
import { Facts, Muted } from '@/components/layout';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import styles from './kinds.module.css';
import { messages } from './messages';
import { own, useKindWords } from './registry';

/** What is learnt from a job, party by party. */
export function Learns({ kind, learns }: { kind: string; learns: readonly Learnt[] }) {
  const m = useMessages(messages);
  const words = useKindWords(kind);
  const inWords = useServiceText();
  const parties = [...new Set([...Object.keys(m.parties), ...learns.map(({ party }) => party)])];
  const items = parties.flatMap((party) => {
    const texts = learns
      .filter((one) => one.party === party)
      .map(({ code, text }) => own(words.learns, code) ?? inWords(text));
    if (texts.length === 0) return [];
    return [{ label: own<string>(m.parties, party) ?? party, value: <Texts texts={texts} /> }];
  });
  return items.length > 0 ? <Facts rows items={items} /> : <Muted>{m.learnsNothing}</Muted>;
}

function Texts({ texts }: { texts: readonly string[] }) {
  if (texts.length === 1) return texts[0];
  return (
    <ul className={styles.texts}>
      {texts.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}
