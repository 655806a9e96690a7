import { useQuery } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { call } from '@/api/client';

/** The address of a job's outcome. */
export const outcomeUrl = (jobId: string) => `/v1/jobs/${encodeURIComponent(jobId)}/result`;

/** The outcome of a finished job, of any kind. */
export function useOutcome(jobId: string) {
  return useQuery({
    queryKey: ['jobs', jobId, 'result'],
    queryFn: ({ signal }) => call(z.unknown(), outcomeUrl(jobId), { signal }),
    staleTime: Infinity,
  });
}
