import { Download } from 'lucide-react';
import { useState } from 'react';
import { type Column, DataTable } from '@/components/DataTable';
import { Button } from '@/components/Button';
import { Muted, Row, Stack } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { Value } from '@/components/values';
import { useMessages } from '@/i18n/messages';
import { type Model, modelUrl } from './api';
import { downloadText, fileName } from '@/files/download';
import { messages } from './messages';
import styles from './model.module.css';
import { toSpreadsheet } from '@/files/table';

interface WeightRow {
  name: string;
  weight: number;
  unit: string;
  effect: number | null;
}

/** The weights with their units, and ways to take them along. */
export function Weights({ jobId, title, model }: { jobId: string; title: string; model: Model }) {
  const m = useMessages(messages);
  const [offset, setOffset] = useState(0);
  const unitOf = (one: { name: string; unit: string }) => one.unit || m.unitOf(one.name);
  const rows: WeightRow[] = [
    ...model.features.map((one) => ({
      name: one.name,
      weight: one.weight,
      unit: m.per(unitOf(model.target), unitOf(one)),
      effect: one.weight * (one.maximum - one.minimum),
    })),
    { name: m.intercept, weight: model.intercept, unit: unitOf(model.target), effect: null },
  ];
  const columns: Column<WeightRow>[] = [
    { key: 'name', header: m.name, primary: true, cell: (row) => row.name },
    { key: 'weight', header: m.weight, align: 'end', cell: (row) => <Value of={row.weight} /> },
    { key: 'unit', header: m.unit, cell: (row) => <Muted>{row.unit}</Muted> },
    {
      key: 'effect',
      header: m.effect,
      align: 'end',
      cell: (row) => (row.effect === null ? '' : <Value of={row.effect} digits={4} />),
    },
  ];
  return (
    <Stack>
      <p className={styles.formula}>{m.formula(model.target.name)}</p>
      <div className={styles.bleed}>
        <DataTable
          label={m.weights}
          columns={columns}
          rows={rows.slice(offset, offset + PAGE_SIZE)}
          rowKey={(row) => row.name}
        />
        <Pagination offset={offset} total={rows.length} onChange={setOffset} />
      </div>
      <Muted>{m.effectHelp}</Muted>
      <Row>
        <Button
          icon={<Download size={16} aria-hidden />}
          onPress={() => downloadText(fileName(title, '-weights.csv'), weightsCsv(model), 'text/csv')}
        >
          {m.downloadCsv}
        </Button>
        <a href={modelUrl(jobId)} download={fileName(title, '.json')}>
          {m.downloadJson}
        </a>
      </Row>
    </Stack>
  );
}

function weightsCsv(model: Model): string {
  const rows = model.features.map((one) => [one.name, one.unit, one.minimum, one.maximum, one.weight]);
  return toSpreadsheet([
    ['name', 'unit', 'minimum', 'maximum', 'weight'],
    ...rows,
    ['intercept', model.target.unit, '', '', model.intercept],
  ]);
}
