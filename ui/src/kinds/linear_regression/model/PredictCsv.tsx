import { Download } from 'lucide-react';
import { useMemo, useState } from 'react';
import * as z from 'zod/mini';
import { Problem } from '@/api/problem';
import { Button } from '@/components/Button';
import { Callout, Loading, useErrorText } from '@/components/feedback';
import { FileDrop } from '@/components/FileDrop';
import { Muted, Row, Stack } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { formatCount, formatNumber, parseNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { type Model, usePredictCsv } from './api';
import { downloadText, fileName } from '@/files/download';
import { messages } from './messages';
import styles from './model.module.css';
import { fromCsv, type Table, toCsv } from '@/files/table';

/** Of a prediction on the page; the file has all of them. */
const SHOWN_DIGITS = 8;
/** Cells that are named of those that are no numbers. */
const MOST_CELLS = 5;

const cellList = z.array(z.object({ row: z.number(), column: z.string() }));

/** Predict for each row of a file, see the result, and keep it. */
export function PredictCsv({ jobId, title, model }: { jobId: string; title: string; model: Model }) {
  const m = useMessages(messages);
  const predict = usePredictCsv(jobId);
  const [kindError, setKindError] = useState<string>();
  const names = model.features.map((one) => one.name);
  const choose = (file: File) => {
    const isCsv = file.name.toLowerCase().endsWith('.csv');
    setKindError(isCsv ? undefined : m.csvKind);
    if (isCsv) predict.mutate(file);
    else predict.reset();
  };
  return (
    <Stack>
      <Stack gap={2}>
        <Muted>{m.csvHelp}</Muted>
        <p className={styles.columns}>{names.join(', ')}</p>
        <div>
          <Button
            variant="ghost"
            size="small"
            icon={<Download size={14} aria-hidden />}
            onPress={() => downloadText(fileName(title, '-empty.csv'), toCsv([names]), 'text/csv')}
          >
            {m.template}
          </Button>
        </div>
      </Stack>
      <FileDrop accept={['.csv']} onFile={choose} isDisabled={predict.isPending} error={kindError} />
      {predict.error && <FileError error={predict.error} model={model} />}
      {predict.isPending && (
        <>
          <p>{m.predicting}</p>
          <Loading />
        </>
      )}
      {predict.data !== undefined && <Result csv={predict.data} title={title} />}
    </Stack>
  );
}

function Result({ csv, title }: { csv: string; title: string }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const table = useMemo(() => fromCsv(csv), [csv]);
  return (
    <Stack>
      <Callout tone="success" title={m.predicted(table.rows.length, formatCount(table.rows.length, format))} />
      <Row>
        <Button
          variant="primary"
          icon={<Download size={16} aria-hidden />}
          onPress={() => downloadText(fileName(title, '-predictions.csv'), csv, 'text/csv')}
        >
          {m.downloadResult}
        </Button>
      </Row>
      <ResultTable table={table} />
    </Stack>
  );
}

function ResultTable({ table }: { table: Table }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const [offset, setOffset] = useState(0);
  const last = table.header.length - 1;
  return (
    <div>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={m.result}>
        <table>
          <thead>
            <tr>
              <th scope="col">{m.row}</th>
              {table.header.map((name, index) => (
                <th key={index} scope="col" className={index === last ? styles.predicted : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.slice(offset, offset + PAGE_SIZE).map((cells, row) => (
              <tr key={offset + row}>
                <th scope="row">{offset + row + 1}</th>
                {cells.map((cell, index) => (
                  <td key={index} className={index === last ? styles.predicted : undefined}>
                    {index === last ? formatNumber(parseNumber(cell) ?? NaN, format, SHOWN_DIGITS) : cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pagination offset={offset} total={table.rows.length} onChange={setOffset} />
    </div>
  );
}

/** What is wrong with a file, and where. */
function FileError({ error, model }: { error: unknown; model: Model }) {
  const m = useMessages(messages);
  const errorText = useErrorText();
  const { format } = useLocale();
  if (!(error instanceof Problem) || error.code !== 'invalid_input') {
    const isTooLarge = error instanceof Problem && error.status === 413;
    return <Callout tone="danger">{isTooLarge ? m.tooLarge : errorText(error)}</Callout>;
  }
  const bad = badCells(error);
  if (bad !== undefined) {
    return (
      <Callout tone="danger" title={m.badCells(bad.count, formatCount(bad.count, format))}>
        <ul>
          {bad.cells.slice(0, MOST_CELLS).map(({ row, column }) => (
            <li key={`${row} ${column}`}>{m.badCell(formatCount(row, format), column)}</li>
          ))}
        </ul>
        {bad.count > MOST_CELLS && <p>{m.moreCells(formatCount(bad.count - MOST_CELLS, format))}</p>}
        <p>{m.chooseAgain}</p>
      </Callout>
    );
  }
  const { field } = error.fields;
  const isFeature = model.features.some((one) => one.name === field);
  return <Callout tone="danger">{isFeature ? m.missingColumn(String(field)) : errorText(error)}</Callout>;
}

function badCells({ fields }: Problem): { cells: z.output<typeof cellList>; count: number } | undefined {
  const cells = cellList.safeParse(fields.cells);
  return cells.success ? { cells: cells.data, count: Number(fields.cell_count) } : undefined;
}
