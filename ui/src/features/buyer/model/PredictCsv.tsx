import { Download } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Problem } from '@/api/problem';
import { Button } from '@/components/Button';
import { Callout, Loading, useErrorText } from '@/components/feedback';
import { FileDrop } from '@/components/FileDrop';
import { Muted, Row, Stack } from '@/components/layout';
import { PAGE_SIZE, Pagination } from '@/components/lists';
import { formatCount, formatNumber } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { type Model, usePredictCsv } from './api';
import { downloadText, fileName } from './download';
import { messages } from './messages';
import styles from './model.module.css';
import { fromCsv, type Table, toCsv } from './table';

/** Of a prediction on the page; the file has all of them. */
const SHOWN_DIGITS = 8;

/** Predict for each row of a file, see the result, and keep it. */
export function PredictCsv({ jobId, title, model }: { jobId: string; title: string; model: Model }) {
  const m = useMessages(messages);
  const predict = usePredictCsv(jobId);
  const [kindError, setKindError] = useState<string>();
  const errorText = usePredictError(model);
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
      <FileDrop
        accept={['.csv']}
        onFile={choose}
        isDisabled={predict.isPending}
        error={kindError ?? (predict.error ? errorText(predict.error) : undefined)}
      />
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
      <Callout tone="success" title={m.predicted(formatCount(table.rows.length, format))} />
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
                    {index === last ? formatNumber(Number(cell), format, SHOWN_DIGITS) : cell}
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

/** What is wrong with a file, and where, in the reader's language. */
function usePredictError(model: Model): (error: unknown) => string {
  const m = useMessages(messages);
  const errorText = useErrorText();
  return (error) => {
    if (!(error instanceof Problem)) return errorText(error);
    if (error.status === 413) return m.tooLarge;
    if (error.code !== 'invalid_input') return errorText(error);
    const { field, row } = error.fields;
    const isFeature = model.features.some((one) => one.name === field);
    if (isFeature && typeof row === 'number') return m.badCell(row, String(field));
    if (isFeature) return m.missingColumn(String(field));
    return typeof row === 'number' ? m.badRow(row) : m.badFile;
  };
}
