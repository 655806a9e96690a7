import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { PAGE_SIZE } from '@/components/lists';
import { jobSummary, type JobStatus } from '../schemas';

const jobList = z.object({
  jobs: z.array(jobSummary),
  total: z.number(),
  counts: z.record(z.string(), z.number()),
});

interface JobFilter {
  status: JobStatus | null;
  query: string;
  offset: number;
}

/** One page of the jobs, newest first, kept up to date. */
export function useJobs({ status, query, offset }: JobFilter) {
  const [interval] = useState(poll);
  const parameters = { status: status ?? undefined, query, limit: PAGE_SIZE, offset };
  return useQuery({
    queryKey: ['jobs', 'list', parameters],
    queryFn: ({ signal }) => call(jobList, '/v1/jobs', { query: parameters, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: interval,
  });
}
