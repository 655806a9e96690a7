import { useState } from 'react';
import { HistogramFigure } from '@/charts/HistogramFigure';
import { ShareBars } from '@/charts/ShareBars';
import { Button } from '@/components/Button';
import { Facts, Muted, Stack } from '@/components/layout';
import { Pagination } from '@/components/lists';
import { NotApplicable } from '@/components/values';
import { formatCount, formatNumber, formatShare } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { Levels, Numbers } from '../schema';
import { deviationOf, type ShownColumn } from './columns';
import { messages } from './messages';
import { useSummary } from './Overview';
import styles from './view.module.css';

const PAGE = 8;
const MOST_LEVELS = 12;
const DIGITS = 5;

/** Each column by itself, a few at a time: what it is on average, and how it is spread. */
export function Details({ columns }: { columns: readonly ShownColumn[] }) {
  const [offset, setOffset] = useState(0);
  return (
    <>
      <div className={styles.details}>
        {columns.slice(offset, offset + PAGE).map((column) => (
          <section key={column.name} aria-label={column.name} className={styles.detail}>
            <h3>
              {column.name} {column.unit && <Muted>({column.unit})</Muted>}
            </h3>
            <Detail column={column} />
          </section>
        ))}
      </div>
      <Pagination offset={offset} total={columns.length} pageSize={PAGE} onChange={setOffset} />
    </>
  );
}

function Detail({ column }: { column: ShownColumn }) {
  const m = useMessages(messages);
  const summary = useSummary();
  if (column.is.count === 0) return <Muted>{m.noValues}</Muted>;
  return (
    <Stack gap={3}>
      {column.kind === 'number' ? (
        <>
          <HistogramFigure summary={summary(column)} {...column.is.histogram} unit={column.unit} />
          <NumberFacts numbers={column.is} />
        </>
      ) : (
        <>
          <LevelBars of={column.is} />
          <Counts of={column.is} />
        </>
      )}
    </Stack>
  );
}

function NumberFacts({ numbers }: { numbers: Numbers }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const counts = useCounts(numbers);
  const fact = (label: string, value: number | null) => ({
    label,
    value: value === null ? <NotApplicable /> : formatNumber(value, format, DIGITS),
  });
  return (
    <Facts
      items={[
        fact(m.mean, numbers.mean),
        fact(m.deviation, deviationOf(numbers)),
        fact(m.minimum, numbers.minimum),
        fact(m.maximum, numbers.maximum),
        ...counts,
      ]}
    />
  );
}

function Counts({ of }: { of: Levels }) {
  return <Facts items={useCounts(of)} />;
}

function useCounts({ count, missing }: { count: number; missing: number }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  return [
    { label: m.count, value: formatCount(count, format) },
    { label: m.missing, value: formatCount(missing, format) },
  ];
}

/** How often each level is there, in the order in which they were asked for. */
function LevelBars({ of: { count, levels } }: { of: Levels }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [showsAll, setShowsAll] = useState(false);
  const entries = Object.entries(levels);
  const hidden = showsAll ? 0 : entries.length - MOST_LEVELS;
  return (
    <>
      <ShareBars
        bars={entries.slice(0, hidden > 0 ? MOST_LEVELS : undefined).map(([level, times]) => ({
          key: level,
          label: level,
          share: times / count,
          value: m.ofAll(formatCount(times, format), formatShare(times / count, format)),
        }))}
      />
      {hidden > 0 && (
        <div>
          <Button variant="ghost" size="small" onPress={() => setShowsAll(true)}>
            {m.moreLevels(hidden)}
          </Button>
        </div>
      )}
    </>
  );
}
