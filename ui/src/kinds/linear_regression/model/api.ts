import { useMutation, useQuery } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { call, callForText } from '@/api/client';
import { feature } from '@/api/schemas';

const model = z.object({
  features: z.array(z.extend(feature, { weight: z.number() })),
  intercept: z.number(),
  target: feature,
});

/** A trained linear model in original units: the target's unit per unit of the feature. */
export type Model = z.output<typeof model>;

const predictions = z.object({ target: z.string(), unit: z.string(), predictions: z.array(z.number()) });

/** The address of a model's file. */
export const modelUrl = (jobId: string) => `/v1/jobs/${encodeURIComponent(jobId)}/model`;

/** The model of a finished job. */
export function useModel(jobId: string) {
  return useQuery({
    queryKey: ['jobs', jobId, 'model'],
    queryFn: ({ signal }) => call(model, modelUrl(jobId), { signal }),
    staleTime: Infinity,
  });
}

/** Predict the target for one row of feature values. */
export function usePredictRow(jobId: string) {
  return useMutation({
    mutationFn: (row: Record<string, number>) =>
      call(predictions, `/v1/jobs/${encodeURIComponent(jobId)}/predictions`, { method: 'POST', json: { rows: [row] } }),
  });
}

/** Predict the target for each row of a CSV file; the answer is the same file with one more column. */
export function usePredictCsv(jobId: string) {
  return useMutation({
    mutationFn: (file: File) =>
      callForText(`/v1/jobs/${encodeURIComponent(jobId)}/predictions/csv`, {
        method: 'POST',
        body: file,
        headers: { 'Content-Type': 'text/csv', Accept: 'text/csv, application/problem+json' },
      }),
  });
}
