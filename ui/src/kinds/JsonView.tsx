import type { ReactNode } from 'react';
import { Muted } from '@/components/layout';
import { formatCount, formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import styles from './kinds.module.css';
import { messages } from './messages';

type Json = Readonly<Record<string, unknown>>;

/** Of a list or an object; a file has all of it. */
const MOST_SHOWN = 50;
const DIGITS = 10;
/** Deeper things are shown as they are written. */
const DEEPEST = 6;
/** A table with more columns has no room. */
const MOST_COLUMNS = 6;

/** A JSON document of any kind, as names and values; like things below each other become a table. */
export function JsonView({ value, depth = 0 }: { value: unknown; depth?: number }) {
  const scalar = useScalar();
  if (depth > DEEPEST) return <code className={styles.raw}>{JSON.stringify(value)}</code>;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.length === 0) return scalar(null);
    if (items.every((item) => !isObject(item))) return <Scalars items={items} />;
    const head = columnsOf(items);
    return head ? <Table head={head} rows={items as readonly Json[]} /> : <Entries value={items} depth={depth} />;
  }
  return isObject(value) ? <Entries value={value} depth={depth} /> : scalar(value);
}

function Entries({ value, depth }: { value: object; depth: number }) {
  const m = useMessages(messages);
  const isList = Array.isArray(value);
  const entries = Object.entries(value) as [string, unknown][];
  return (
    <>
      <dl className={styles.entries}>
        {entries.slice(0, MOST_SHOWN).map(([name, inner]) => (
          <div key={name} className={hasParts(inner) ? styles.nested : undefined}>
            <dt>{isList ? m.item(Number(name) + 1) : name}</dt>
            <dd>
              <JsonView value={inner} depth={depth + 1} />
            </dd>
          </div>
        ))}
      </dl>
      <More count={entries.length - MOST_SHOWN} />
    </>
  );
}

function Scalars({ items }: { items: readonly unknown[] }) {
  const scalar = useScalar();
  return (
    <>
      {items.slice(0, MOST_SHOWN).map((item, index) => (
        <span key={index}>
          {index > 0 && ', '}
          {scalar(item)}
        </span>
      ))}
      <More count={items.length - MOST_SHOWN} />
    </>
  );
}

function Table({ head, rows }: { head: readonly string[]; rows: readonly Json[] }) {
  const scalar = useScalar();
  return (
    <>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={head.join(', ')}>
        <table>
          <thead>
            <tr>
              {head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST_SHOWN).map((row, index) => (
              <tr key={index}>
                {head.map((name) => (
                  <td key={name}>{scalar(row[name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More count={rows.length - MOST_SHOWN} />
    </>
  );
}

function More({ count }: { count: number }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  if (count <= 0) return null;
  return (
    <span>
      {' '}
      <Muted>{m.more(formatCount(count, format))}</Muted>
    </span>
  );
}

/** How something that has no parts is shown. */
function useScalar(): (value: unknown) => ReactNode {
  const m = useMessages(messages);
  const { format } = useLocale();
  return (value) => {
    if (value === null || value === undefined || value === '') return <Muted>{m.nothing}</Muted>;
    if (typeof value === 'boolean') return value ? m.yes : m.no;
    if (typeof value === 'number') return formatNumber(value, format, DIGITS);
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
}

/** The names that all of these objects have and no more, if they are few and nothing in them has parts. */
function columnsOf(items: readonly unknown[]): readonly string[] | null {
  const [first] = items;
  if (!isObject(first) || Array.isArray(first)) return null;
  const head = Object.keys(first);
  const isLike = (item: unknown) =>
    isObject(item) &&
    !Array.isArray(item) &&
    Object.keys(item).join('\n') === head.join('\n') &&
    Object.values(item).every((value) => !isObject(value));
  return head.length > 0 && head.length <= MOST_COLUMNS && items.every(isLike) ? head : null;
}

/** Whether something needs more than a line. */
function hasParts(value: unknown): boolean {
  return Array.isArray(value) ? value.some(isObject) : isObject(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
