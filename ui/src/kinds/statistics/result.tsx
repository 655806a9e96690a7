import { Download } from 'lucide-react';
import { Button } from '@/components/Button';
import { QueryView } from '@/components/feedback';
import { Card, Row, Stack, Stat, Stats } from '@/components/layout';
import { Tabs } from '@/components/Tabs';
import { downloadText, fileName } from '@/files/download';
import { formatCount } from '@/format/number';
import { useLocale } from '@/i18n/locale';
import { useMessages } from '@/i18n/messages';
import { GenericResult, JsonLink } from '../GenericResult';
import type { ResultProps } from '../kind';
import { useOutcome } from '../outcome';
import { outcome, type Outcome } from './schema';
import { columnsOf, type ShownColumn } from './view/columns';
import { Correlations } from './view/Correlations';
import { Details } from './view/Details';
import { correlationCsv, countsCsv, summaryCsv } from './view/files';
import { messages } from './view/messages';
import { Overview } from './view/Overview';

/** The statistics: what they are of, each column by itself, all in a table, and how they go together. */
export default function Result(props: ResultProps) {
  const query = useOutcome(props.jobId);
  return (
    <QueryView query={query}>
      {(data) => {
        const parsed = outcome.safeParse(data);
        // What a later version says in another way is still to be had.
        return parsed.success ? <Shown {...props} outcome={parsed.data} /> : <GenericResult {...props} />;
      }}
    </QueryView>
  );
}

function Shown(props: ResultProps & { outcome: Outcome }) {
  const m = useMessages(messages);
  const { outcome: found } = props;
  const columns = columnsOf(found, props.computation);
  const { correlation } = found;
  return (
    <Card title={m.title}>
      <Stack>
        <Head {...props} columns={columns} />
        <Tabs
          label={m.views}
          tabs={[
            { key: 'each', label: m.columns, content: <Details columns={columns} /> },
            { key: 'table', label: m.table, content: <Overview columns={columns} /> },
            ...(correlation
              ? [{ key: 'correlation', label: m.correlation, content: <Correlations correlation={correlation} /> }]
              : []),
          ]}
        />
      </Stack>
    </Card>
  );
}

function Head({ jobId, title, outcome: found, columns }: ResultProps & { outcome: Outcome; columns: ShownColumn[] }) {
  const m = useMessages(messages);
  const { format } = useLocale();
  const { correlation } = found;
  const csv = (ending: string, text: string) => downloadText(fileName(title, ending), text, 'text/csv');
  const icon = <Download size={16} aria-hidden />;
  return (
    <>
      <Stats>
        <Stat label={m.owners} hint={m.ownersHint}>
          {formatCount(found.owners, format)}
        </Stat>
        <Stat label={m.rows} hint={m.rowsHint}>
          {formatCount(found.rows, format)}
        </Stat>
        <Stat label={m.columns}>{formatCount(columns.length, format)}</Stat>
      </Stats>
      <Row>
        <Button icon={icon} onPress={() => csv('-table.csv', summaryCsv(columns))}>
          {m.downloadTable}
        </Button>
        <Button icon={icon} onPress={() => csv('-counts.csv', countsCsv(columns))}>
          {m.downloadCounts}
        </Button>
        {correlation && (
          <Button icon={icon} onPress={() => csv('-correlations.csv', correlationCsv(correlation))}>
            {m.downloadCorrelation}
          </Button>
        )}
        <JsonLink jobId={jobId} title={title} />
      </Row>
    </>
  );
}
