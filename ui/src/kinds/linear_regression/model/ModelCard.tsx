import { QueryView } from '@/components/feedback';
import { Card } from '@/components/layout';
import { Tabs } from '@/components/Tabs';
import { useMessages } from '@/i18n/messages';
import { useModel } from './api';
import { messages } from './messages';
import { PredictCsv } from './PredictCsv';
import { PredictForm } from './PredictForm';
import { Weights } from './Weights';

/** The model of a finished job: its weights, and predictions with it. */
export function ModelCard({ jobId, title }: { jobId: string; title: string }) {
  const m = useMessages(messages);
  const model = useModel(jobId);
  return (
    <Card title={m.title}>
      <QueryView query={model}>
        {(data) => (
          <Tabs
            label={m.views}
            tabs={[
              { key: 'weights', label: m.weights, content: <Weights jobId={jobId} title={title} model={data} /> },
              { key: 'one', label: m.predictOne, content: <PredictForm jobId={jobId} model={data} /> },
              { key: 'many', label: m.predictMany, content: <PredictCsv jobId={jobId} title={title} model={data} /> },
            ]}
          />
        )}
      </QueryView>
    </Card>
  );
}
