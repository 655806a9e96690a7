import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { call, nothing, setCsrfToken } from '@/api/client';
import { SESSION_KEY } from '@/api/queries';
import { setDraftOwner } from '@/forms/useDraftForm';

const session = z.object({ user: z.nullable(z.string()), csrf_token: z.nullable(z.string()) });

/** Who is signed in; both members are null for nobody. */
export type Session = z.output<typeof session>;

const NOBODY: Session = { user: null, csrf_token: null };

async function readSession(): Promise<Session> {
  return adopt(await call(session, '/v1/session'));
}

function adopt(current: Session): Session {
  setDraftOwner(current.user);
  setCsrfToken(current.csrf_token, async () => {
    await readSession();
  });
  return current;
}

/** Who is signed in. */
export function useSession() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000 });
}

/** Sign in with name and password. */
export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { user: string; password: string }) =>
      call(session, '/v1/session', { method: 'POST', json: { ...credentials, kind: 'browser' } }),
    onSuccess: (signedIn) => client.setQueryData(SESSION_KEY, adopt(signedIn)),
  });
}

/** End the session, and forget everything that was read in it. */
export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call(nothing, '/v1/session', { method: 'DELETE' }),
    onSuccess: () => {
      client.setQueryData(SESSION_KEY, adopt(NOBODY));
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION_KEY[0] });
    },
  });
}
