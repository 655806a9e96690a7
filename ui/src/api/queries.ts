import { MutationCache, QueryCache, QueryClient, type QueryKey } from '@tanstack/react-query';
import { Connection } from './connection';
import { ConnectionLost, Problem } from './problem';

/** The key of the query that says who is signed in. */
export const SESSION_KEY: QueryKey = ['session'];

const SIGN_OF_LIFE_TIMEOUT_MS = 5_000;

/** A face's cache of answers and its view of the connection; they tell each other of losses and returns. */
export interface Queries {
  client: QueryClient;
  connection: Connection;
}

/** Make the cache of one page. */
export function createQueries(): Queries {
  const onError = (error: unknown) => {
    if (error instanceof ConnectionLost) connection.report();
    // Asking who is signed in shows the sign-in page, with everything typed still in place behind it.
    if (error instanceof Problem && error.isSignedOut) void client.invalidateQueries({ queryKey: SESSION_KEY });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { retry: false, networkMode: 'always', staleTime: 2_000, refetchOnWindowFocus: true },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
  const connection = new Connection(answers, () => void client.invalidateQueries());
  return { client, connection };
}

async function answers(): Promise<boolean> {
  try {
    const response = await fetch('/healthz', {
      cache: 'no-store',
      signal: AbortSignal.timeout(SIGN_OF_LIFE_TIMEOUT_MS),
    });
    return response.ok;
  } catch {
    return false;
  }
}
