import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import * as z from 'zod/mini';
import { call } from '@/api/client';
import { poll } from '@/api/polling';
import { PAGE_SIZE } from '@/components/lists';
import { jobRow, type JobGroup } from '../schemas';

const jobList = z.object({
  jobs: z.array(jobRow),
  total: z.number(),
  counts: z.record(z.string(), z.number()),
});

interface JobFilter {
  /** `null` for all. */
  group: JobGroup | null;
  query: string;
  offset: number;
}

/** Some jobs, newest first, kept up to date. */
export function useJobs({ group, query, offset }: JobFilter, limit = PAGE_SIZE) {
  const [interval] = useState(poll);
  const parameters = { group: group ?? undefined, query, limit, offset };
  return useQuery({
    queryKey: ['jobs', 'list', parameters],
    queryFn: ({ signal }) => call(jobList, '/v1/board/jobs', { query: parameters, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: interval,
  });
}
