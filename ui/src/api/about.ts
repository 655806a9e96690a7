import { useQuery } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { call } from './client';

const about = z.object({
  service: z.string(),
  name: z.string(),
  version: z.string(),
  address: z.string(),
  chain_id: z.nullable(z.number()),
  contract_address: z.string(),
  aggregator_url: z.string(),
  explorer_url: z.nullable(z.string()),
});

/** What the own service is: its name, account, chain and contract. */
export type About = z.output<typeof about>;

/** What the own service says of itself; asked once. */
export function useAbout() {
  return useQuery({
    queryKey: ['about'],
    queryFn: ({ signal }) => call(about, '/v1/about', { signal }),
    staleTime: Infinity,
  });
}
