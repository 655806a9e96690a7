import { useState } from 'react';
import { Muted, Row, Stack } from '@/components/layout';
import { Pagination } from '@/components/lists';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import type { Correlation } from '../schema';
import { messages } from './messages';
import styles from './view.module.css';

/** Of a table as wide as it is high; more has no room. */
const PAGE = 15;
/** Shades on either side of zero. */
const SHADES = 5;

/** A table of correlations whose cells are coloured by their numbers. */
export function Correlations({ correlation }: { correlation: Correlation }) {
  const m = useMessages(messages);
  const { columns, matrix } = correlation;
  const [line, setLine] = useState(0);
  const [across, setAcross] = useState(0);
  const shown = columns.slice(across, across + PAGE);
  return (
    <Stack gap={3}>
      <Muted>{m.correlationHelp}</Muted>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={m.correlationOf}>
        <table className={styles.heat}>
          <thead>
            <tr>
              <td />
              {shown.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {columns.slice(line, line + PAGE).map((name, index) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {shown.map((other, place) => (
                  <Cell key={other} value={matrix[line + index]?.[across + place] ?? null} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {columns.length > PAGE && (
        <>
          <Part label={m.lines} offset={line} total={columns.length} onChange={setLine} />
          <Part label={m.across} offset={across} total={columns.length} onChange={setAcross} />
        </>
      )}
      <Legend />
    </Stack>
  );
}

function Cell({ value }: { value: number | null }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  if (value === null) return <td className={styles.constant}>{m.constant}</td>;
  return <td className={styles[shadeOf(value)]}>{formatCorrelation(value, format)}</td>;
}

function Part(props: { label: string; offset: number; total: number; onChange: (offset: number) => void }) {
  const { label, ...pages } = props;
  return (
    <Row justify="between">
      <span>{label}</span>
      <Pagination {...pages} pageSize={PAGE} />
    </Row>
  );
}

function Legend() {
  const m = useMessages(messages);
  const { format } = useLocale();
  const values = [-1, -0.6, -0.2, 0, 0.2, 0.6, 1];
  return (
    <ul className={styles.legend} aria-label={m.legend}>
      {values.map((value) => {
        const shade = shadeOf(value);
        const meaning = shade in m.legendOf ? m.legendOf[shade as keyof typeof m.legendOf] : '';
        return (
          <li key={value}>
            <span className={`${styles.swatch} ${styles[shade]}`}>{formatCorrelation(value, format)}</span>
            {meaning && ` ${meaning}`}
          </li>
        );
      })}
    </ul>
  );
}

/** The class of a correlation's colour: `n5` … `n1`, `z`, `p1` … `p5`. */
function shadeOf(value: number): string {
  const shade = Math.round(Math.min(1, Math.abs(value)) * SHADES);
  if (shade === 0) return 'z';
  return `${value < 0 ? 'n' : 'p'}${shade}`;
}

function formatCorrelation(value: number, format: string): string {
  return new Intl.NumberFormat(format, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
}
