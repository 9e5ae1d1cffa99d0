/** What kind of fault it is. `unreachable` and `interrupted` are the client's own words, the others the server's. */
export type FaultDetails = {
  status?: number | undefined;
  code?: string | undefined;
  param?: string | undefined;
  traceId?: string | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
};

/** A request that was not answered. Its message says what is wrong and what to do. */
export class Fault extends Error {
  /** The HTTP status; absent where there was no answer, or after a stream had begun. */
  readonly status: number | undefined;
  /** What kind of fault it is: `bad_request`, `unauthenticated`, `rate_limited` and so on. */
  readonly code: string | undefined;
  /** Which field of the request is wrong. */
  readonly param: string | undefined;
  /** Where the request's trace is: `surefoot why TRACE`. */
  readonly traceId: string | undefined;
  /** After how many milliseconds it may be asked again. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: FaultDetails = {}) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.status = details.status;
    this.code = details.code;
    this.param = details.param;
    this.traceId = details.traceId;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A stream ended before its answer did. What came of it is not the whole answer. */
export class Interrupted extends Fault {}

/** There was no answer at all. */
export class Unreachable extends Fault {}

/** The fault that a response tells. */
export async function faultOf(response: Response): Promise<Fault> {
  const body = await response.text();
  const told = errorOf(body) ?? {};
  return new Fault(told.message ?? `the server answered with status ${response.status}: ${body.slice(0, 200)}`, {
    status: response.status,
    code: told.code ?? undefined,
    param: told.param ?? undefined,
    traceId: told.trace_id ?? response.headers.get("x-surefoot-trace") ?? undefined,
    retryAfterMs: waitOf(response.headers),
  });
}

/** The milliseconds until it may be asked again: a proxy may tell a date, or what is neither, which says nothing. */
function waitOf(headers: Headers): number | undefined {
  const told = headers.get("retry-after") ?? "";
  const milliseconds = numberOf(headers.get("retry-after-ms") ?? "");
  if (milliseconds !== undefined) return milliseconds;
  const seconds = numberOf(told);
  if (seconds !== undefined) return seconds * 1000;
  // Some engines read `-5` as a date, too: one begins with its day.
  const date = /^[A-Za-z]/.test(told) ? Date.parse(told) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** A number that is not below zero, or nothing. */
function numberOf(text: string): number | undefined {
  const number = text.trim() ? Number(text) : NaN;
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

/** The `error` object of a body, where there is one. */
export function errorOf(
  body: string,
): { message?: string; code?: string | null; param?: string | null; trace_id?: string } | undefined {
  try {
    return (JSON.parse(body) as { error?: object }).error;
  } catch {
    return undefined;
  }
}
