import * as z from 'zod/mini';
import { ConnectionLost, Problem, problemOf, UnexpectedAnswer } from './problem';

// zod would otherwise probe whether it may compile code, which the content security policy forbids and reports.
z.config({ jitless: true });

type Query = Record<string, string | number | undefined | readonly (string | number)[]>;

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Statuses of a reverse proxy in front of a service that is down. */
const GATEWAY_STATUSES = [502, 504];

/** Above what a service waits for chain and aggregator before it answers without them. */
const READ_TIMEOUT_MS = 30_000;

let csrfToken: string | null = null;
let renewCsrfToken: (() => Promise<void>) | null = null;

/** Take the token that unsafe requests carry from now on, and how to get a new one when it is refused. */
export function setCsrfToken(token: string | null, renew: () => Promise<void>): void {
  csrfToken = token;
  renewCsrfToken = renew;
}

/**
 * The answer of the service this page came from, checked against `schema`.
 *
 * @throws Problem when the service refuses, ConnectionLost when it does not answer, UnexpectedAnswer when the answer does
 *   not fit the schema.
 */
export async function call<T extends z.ZodMiniType>(
  schema: T,
  path: string,
  options: CallOptions = {},
): Promise<z.output<T>> {
  const response = await send(path, options);
  const document: unknown = response.status === 204 ? undefined : await readJson(response, path);
  const parsed = schema.safeParse(document);
  if (!parsed.success) throw new UnexpectedAnswer(path, { cause: parsed.error });
  return parsed.data;
}

/** The body of the service's answer as text, for files; throws like `call`. */
export async function callForText(path: string, options: CallOptions = {}): Promise<string> {
  return (await send(path, options)).text();
}

/** The schema of answers without a body. */
export const nothing = z.undefined();

async function send(path: string, options: CallOptions): Promise<Response> {
  try {
    return await sendOnce(path, options);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'csrf_refused' || renewCsrfToken === null) throw error;
    await renewCsrfToken();
    return sendOnce(path, options);
  }
}

async function sendOnce(path: string, options: CallOptions): Promise<Response> {
  const method = options.method ?? 'GET';
  const headers = new Headers({ Accept: 'application/json', ...options.headers });
  if (options.json !== undefined) headers.set('Content-Type', 'application/json');
  if (method !== 'GET' && csrfToken !== null) headers.set('X-CSRF-Token', csrfToken);
  const response = await fetch(path + queryString(options.query), {
    method,
    headers,
    credentials: 'same-origin',
    body: options.json === undefined ? (options.body ?? null) : JSON.stringify(options.json),
    signal: signalOf(method, options.signal),
  }).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
    throw new ConnectionLost({ cause: error });
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (GATEWAY_STATUSES.includes(response.status) && problem.code === 'http_error') throw new ConnectionLost();
  throw problem;
}

/** Reading is given up after a while; writing is not, because a large file may take its time. */
function signalOf(method: string, signal: AbortSignal | undefined): AbortSignal | null {
  if (method !== 'GET') return signal ?? null;
  const timeout = AbortSignal.timeout(READ_TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

async function readJson(response: Response, path: string): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    // A connection that breaks in the middle of a body ends here too.
    if (error instanceof SyntaxError) throw new UnexpectedAnswer(path, { cause: error });
    throw new ConnectionLost({ cause: error });
  }
}

function queryString(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of [value].flat()) if (item !== undefined && item !== '') parameters.append(name, String(item));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}
