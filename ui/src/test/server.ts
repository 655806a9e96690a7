import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';

/** Stands for the service during a test; each test says what it answers. */
export const server = setupServer();

type Method = 'get' | 'post' | 'patch' | 'delete';

/** What the service got for one request. */
export interface Received {
  url: URL;
  headers: Headers;
  body: unknown;
}

/** Let the service answer `method path` with JSON (`:name` stands for one part of a path), and return what it gets. */
export function answer(
  method: Method,
  path: string,
  body: object | null | ((request: Received) => object),
  status = 200,
): Received[] {
  const received: Received[] = [];
  server.use(
    http[method](path, async ({ request }) => {
      const text = await request.clone().text();
      const isJson = request.headers.get('Content-Type') === 'application/json';
      const got = {
        url: new URL(request.url),
        headers: request.headers,
        body: isJson ? (JSON.parse(text) as unknown) : text,
      };
      received.push(got);
      if (status === 204) return new HttpResponse(null, { status });
      return HttpResponse.json<object | null>(
        typeof body === 'function' ? (body as (request: Received) => object)(got) : body,
        { status },
      );
    }),
  );
  return received;
}

/** Let the service refuse `method path` with problem details. */
export function refuse(
  method: Method,
  path: string,
  status: number,
  code: string,
  detail: string,
  fields: Record<string, unknown> = {},
): void {
  const problem = { type: 'about:blank', title: code, status, code, detail, fields, request_id: 'test-request' };
  server.use(
    http[method](path, () =>
      HttpResponse.json(problem, { status, headers: { 'Content-Type': 'application/problem+json' } }),
    ),
  );
}

/** Let nothing answer `method path`. */
export function vanish(method: Method, path: string): void {
  server.use(http[method](path, () => HttpResponse.error()));
}

/** Let `method path` never come to an end. */
export function hang(method: Method, path: string): void {
  server.use(http[method](path, () => new Promise<never>(() => undefined)));
}
