import { useState } from 'react';
import { Link } from 'react-router';
import { Button, ButtonLink } from '@/components/Button';
import { type Column, DataTable } from '@/components/DataTable';
import { Badge, Callout, EmptyState } from '@/components/feedback';
import { Card, Muted, Row } from '@/components/layout';
import { Unknown } from '@/components/values';
import { formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { useServiceText } from '@/i18n/serviceText';
import { own } from '@/kinds/registry';
import { MappingForm } from './MappingForm';
import { messages } from './messages';
import styles from './offers.module.css';
import type { DatasetMatch, MatchedColumn, Offer } from '../api/schemas';

/** Levels of a column that are named. */
const MOST_LEVELS = 8;

type OnMapped = (mapped: { match: DatasetMatch; mapping: Record<string, string> }) => void;

/** Each of this owner's datasets against a job: whether it fits, and if not, why, column by column. */
export function OwnDatasets({ offer, onMapped }: { offer: Offer; onMapped: OnMapped }) {
  const m = useMessages(messages);
  if (offer.datasets.length === 0) {
    return (
      <Card>
        <EmptyState title={m.noDatasets} action={<ButtonLink to="/datasets/new">{m.addDataset}</ButtonLink>}>
          {m.noDatasetsText}
        </EmptyState>
      </Card>
    );
  }
  const ordered = [...offer.datasets].sort((one, other) => faults(one) - faults(other));
  const nearest = ordered[0]?.matches ? undefined : ordered[0];
  return (
    <Card title={m.yourDatasets} flush>
      {ordered.map((match) => (
        <Match key={match.dataset_id} offer={offer} match={match} onMapped={onMapped} isNearest={match === nearest} />
      ))}
    </Card>
  );
}

interface MatchProps {
  offer: Offer;
  match: DatasetMatch;
  onMapped: OnMapped;
  /** Its columns are shown at once, because nothing fits better. */
  isNearest: boolean;
}

function Match({ offer, match, onMapped, isNearest }: MatchProps) {
  const m = useMessages(messages);
  const [mapped, setMapped] = useState<DatasetMatch | null>(null);
  const [isOpen, setIsOpen] = useState(isNearest);
  const shown = mapped ?? match;
  const namesMissing = match.columns.some((column) => column.codes.includes('missing_column'));
  return (
    <div className={styles.match}>
      <Row justify="between">
        <Row>
          <Link to={`/datasets/${match.dataset_id}`}>{match.name}</Link>
          <Badge tone={shown.matches ? 'success' : 'warning'}>{shown.matches ? m.fits : m.fitsNot}</Badge>
        </Row>
        <Button variant="ghost" size="small" aria-expanded={isOpen} onPress={() => setIsOpen(!isOpen)}>
          {isOpen ? m.hideColumns : m.showColumns}
        </Button>
      </Row>
      {match.row_count < offer.min_rows && (
        <Callout tone="warning">{m.tooFewRows(match.row_count, offer.min_rows)}</Callout>
      )}
      {isOpen && (
        <div className={styles.columns}>
          <ColumnTable match={shown} />
        </div>
      )}
      {isOpen && namesMissing && (
        <MappingForm
          offer={offer}
          match={match}
          onChecked={(checked, mapping) => {
            setMapped(checked);
            onMapped({ match: checked, mapping });
          }}
        />
      )}
    </div>
  );
}

function ColumnTable({ match }: { match: DatasetMatch }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const range = (bounds: { minimum: number | null; maximum: number | null } | null) =>
    bounds?.minimum == null || bounds.maximum === null ? (
      <Unknown />
    ) : (
      m.to(formatNumber(bounds.minimum, format), formatNumber(bounds.maximum, format))
    );
  const asked = ({ required }: MatchedColumn) =>
    required.kind === 'category' ? <Levels levels={required.levels} /> : range(required);
  const found = ({ required, found: own }: MatchedColumn) =>
    required.kind === 'category' && own ? <Muted>{m.groups}</Muted> : range(own);
  const columns: Column<MatchedColumn>[] = [
    { key: 'name', header: m.column, primary: true, cell: (row) => row.name },
    { key: 'own', header: m.ownColumn, cell: (row) => (row.found ? row.own_name : m.absent) },
    { key: 'required', header: m.required, align: 'end', cell: asked },
    { key: 'found', header: m.found, align: 'end', cell: found },
    { key: 'verdict', header: m.verdict, cell: (row) => <Verdict match={match} column={row} /> },
  ];
  return <DataTable label={match.name} columns={columns} rows={match.columns} rowKey={(row) => row.name} />;
}

function Levels({ levels }: { levels: readonly string[] }) {
  const m = useMessages(messages);
  const shown = levels.slice(0, MOST_LEVELS).join(', ');
  return levels.length > MOST_LEVELS ? m.moreLevels(shown, levels.length - MOST_LEVELS) : shown;
}

function Verdict({ match, column }: { match: DatasetMatch; column: MatchedColumn }) {
  const m = useMessages(messages);
  const inWords = useServiceText();
  /** Of what this page has no words for, the service has. */
  const reasonOf = (code: string) =>
    [...match.mismatches, ...match.remarks].find((one) => one.column === column.name && one.code === code)?.reason;
  const texts = column.codes.map((code) => own<string>(m.codes, code) ?? inWords(reasonOf(code) ?? code));
  const cell = column.found?.unusable;
  if (texts.length === 0) return m.fine;
  return (
    <span className={column.codes.every((code) => code === 'constant') ? '' : styles.bad}>
      {texts.join(', ')}
      {cell && ` (${cell.row}: “${cell.text}”)`}
    </span>
  );
}

/** How far a dataset is from fitting, for the order. */
function faults(match: DatasetMatch): number {
  return match.matches ? 0 : match.mismatches.length;
}
