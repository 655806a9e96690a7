import * as z from 'zod/mini';

const problemSchema = z.object({
  status: z.number(),
  code: z.string(),
  detail: z.string(),
  fields: z.optional(z.record(z.string(), z.unknown())),
  request_id: z.optional(z.string()),
});

const fieldErrorsSchema = z.array(z.object({ field: z.string(), message: z.string() }));

/** What is wrong with one field of what was sent; `field` is a path with dots, or `body` for the whole. */
export interface FieldError {
  field: string;
  message: string;
}

/** A service's refusal (RFC 9457 problem details). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly requestId: string;

  constructor(status: number, code: string, detail: string, fields: Record<string, unknown> = {}, requestId = '') {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.requestId = requestId;
  }

  /** The fields that are wrong, each with what to do about it. */
  get fieldErrors(): FieldError[] {
    const list = fieldErrorsSchema.safeParse(this.fields.errors);
    if (list.success) return list.data;
    return typeof this.fields.field === 'string' ? [{ field: this.fields.field, message: this.message }] : [];
  }

  /** Seconds after which the same may be tried again. */
  get retryAfterS(): number | undefined {
    return typeof this.fields.retry_after_s === 'number' ? this.fields.retry_after_s : undefined;
  }

  /** Whether the session is over. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }

  /** Whether a part behind the service, the chain or the aggregator, does not answer. */
  get isUnavailable(): boolean {
    return this.status === 503;
  }
}

/** The service itself did not answer. */
export class ConnectionLost extends Error {
  constructor(options?: ErrorOptions) {
    super('the service does not answer', options);
    this.name = 'ConnectionLost';
  }
}

/** The service answered with something that this page does not understand; page and service are of different versions. */
export class UnexpectedAnswer extends Error {
  constructor(path: string, options?: ErrorOptions) {
    super(`the answer of ${path} is not what was expected`, options);
    this.name = 'UnexpectedAnswer';
  }
}

/** The problem that a response of 400 and above describes. */
export async function problemOf(response: Response): Promise<Problem> {
  const document: unknown = await response.json().catch(() => null);
  const parsed = problemSchema.safeParse(document);
  if (!parsed.success) return new Problem(response.status, 'http_error', `${response.status} ${response.statusText}`);
  const { status, code, detail, fields, request_id } = parsed.data;
  return new Problem(status, code, detail, fields, request_id);
}
