import { type Answer, type Passage, type Told, answered } from "./answer.js";
import type { Certificate, KeyBody, KeyView, KeyWithSecret } from "./api.js";
import { Fault, Unreachable, faultOf } from "./fault.js";
import { AnswerStream } from "./stream.js";

/** The project's functions, as `surefoot types --ts` writes them. */
export type FunctionMap = { [name: string]: { input: object; output: unknown } };
/** Functions whose types are not known. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = { [name: string]: { input: Record<string, unknown>; output: any } };
type Message = { role: string; content: unknown };

/** How to reach a Surefoot. */
export interface Options {
  /** `http://127.0.0.1:4141` unless given. */
  baseUrl?: string;
  apiKey?: string;
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/** What is asked of a function. */
export interface Asked<Input> {
  /** A text, or a conversation. */
  question?: string | Message[];
  /** Its typed inputs. */
  input?: Input;
  /** One of its variants, by name. */
  variant?: string;
  session?: string;
  user?: string;
  tags?: Record<string, string>;
  /** Further fields of the request, such as `temperature`. */
  extra?: Record<string, unknown>;
  signal?: AbortSignal;
}

/** Which traces to list. */
export interface TraceFilter {
  asked?: string;
  outcome?: "answered" | "failed" | "cancelled";
  session?: string;
  key?: string;
  tenant?: string;
  user?: string;
  text?: string;
  before?: string;
  limit?: number;
}

type Json = Record<string, unknown>;

/** A Surefoot, by its address. `F` are the project's functions. */
export class Surefoot<F extends { [K in keyof F]: { input: object; output: unknown } } = Any> {
  #base: string;
  #key: string | undefined;
  #fetch: typeof fetch;

  constructor(options: Options = {}) {
    this.#base = (options.baseUrl ?? "http://127.0.0.1:4141").replace(/\/+$/, "").replace(/\/v1$/, "");
    this.#key = options.apiKey;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** Calls a function. */
  async call<N extends keyof F & string>(name: N, asked: Asked<F[N]["input"]>): Promise<Answer<F[N]["output"]>> {
    const body = (await this.#json("POST", "/v1/chat/completions", asking(name, asked, false), asked.signal)) as {
      choices: { message: { content: string | null }; finish_reason?: string }[];
      surefoot?: Told;
    };
    const choice = body.choices[0];
    return answered(choice?.message.content ?? "", choice?.finish_reason, body.surefoot ?? {});
  }

  /** The same, piece by piece. */
  stream<N extends keyof F & string>(name: N, asked: Asked<F[N]["input"]>): AnswerStream<F[N]["output"]> {
    const stop = new AbortController();
    const signal = asked.signal ? AbortSignal.any([asked.signal, stop.signal]) : stop.signal;
    return new AnswerStream(this.#send("POST", "/v1/chat/completions", asking(name, asked, true), signal), stop);
  }

  /** Keeps feedback on a trace: `thumbs`, `comment`, `correction`, or a metric of your own. Gives its id. */
  async feedback(traceId: string, metric: string, value: boolean | number | string): Promise<string> {
    return ((await this.#json("POST", "/api/feedback", { trace_id: traceId, metric, value })) as { id: string }).id;
  }

  /** Passages of the documents, best first, as far as the key may see them. */
  async search(query: string, asked: { knowledge?: string; limit?: number } = {}): Promise<Passage[]> {
    const params = { name: "search_knowledge", arguments: { query, ...asked } };
    const body = (await this.#json("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params })) as {
      error?: { message: string };
      result?: { isError?: boolean; structuredContent: { passages?: Passage[]; message?: string; code?: string } };
    };
    const found = body.result?.structuredContent;
    if (!found?.passages || body.result?.isError) {
      throw new Fault(found?.message ?? body.error?.message ?? "the search failed", { code: found?.code });
    }
    return found.passages;
  }

  /** Summaries of traces, newest first. Needs a key with `admin = "read"`, as all below does. */
  async traces(filter: TraceFilter = {}): Promise<Json[]> {
    return ((await this.#json("GET", `/api/traces${query({ ...filter })}`)) as { traces: Json[] }).traces;
  }

  /** A whole trace, with its feedback. */
  trace(traceId: string): Promise<Json> {
    return this.#json("GET", `/api/traces/${encodeURIComponent(traceId)}`);
  }

  /** Why a request went as it did, in words. */
  why(traceId: string): Promise<Json> {
    return this.#json("GET", `/api/traces/${encodeURIComponent(traceId)}/why`);
  }

  /** Eval runs, newest first. */
  async runs(): Promise<Json[]> {
    return ((await this.#json("GET", "/api/evals")) as { runs: Json[] }).runs;
  }

  /** An eval run with its cases. */
  run(runId: string): Promise<Json> {
    return this.#json("GET", `/api/evals/${encodeURIComponent(runId)}`);
  }

  /** What was spent, by `all`, `key`, `tenant`, `user`, `function`, `model` or `tag:NAME`. */
  async spend(asked: { by?: string; name?: string; since?: string; until?: string; step?: string } = {}): Promise<Json[]> {
    return ((await this.#json("GET", `/api/spend${query(asked)}`)) as { rows: Json[] }).rows;
  }

  /** How every budget stands. */
  async budgets(): Promise<Json[]> {
    return ((await this.#json("GET", "/api/budgets")) as { budgets: Json[] }).budgets;
  }

  /** All keys. Needs a key with `admin = "all"`, as all below does. */
  async keys(): Promise<KeyView[]> {
    return ((await this.#json("GET", "/api/keys")) as unknown as { keys: KeyView[] }).keys;
  }

  /** Makes a key. Its secret is told once. */
  async keyCreate(key: KeyBody): Promise<KeyWithSecret> {
    return (await this.#json("POST", "/api/keys", key)) as unknown as KeyWithSecret;
  }

  /** Gives a key a new secret; the one before goes on for so long. */
  async keyRotate(key: string, overlapSeconds?: number): Promise<KeyWithSecret> {
    const body = overlapSeconds === undefined ? {} : { overlap_seconds: overlapSeconds };
    return (await this.#json("POST", `/api/keys/${encodeURIComponent(key)}/rotate`, body)) as unknown as KeyWithSecret;
  }

  /** Ends a key. */
  async keyRevoke(key: string): Promise<KeyView> {
    return (await this.#json("POST", `/api/keys/${encodeURIComponent(key)}/revoke`)) as unknown as KeyView;
  }

  /** Erases everything of an end user. */
  async userErase(user: string): Promise<Certificate> {
    return (await this.#json("DELETE", `/api/users/${encodeURIComponent(user)}`)) as unknown as Certificate;
  }

  async #json(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Json> {
    const response = await this.#send(method, path, body, signal);
    if (!response.ok) throw await faultOf(response);
    return (await response.json()) as Json;
  }

  async #send(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: "application/json, text/event-stream" };
    if (this.#key) headers["authorization"] = `Bearer ${this.#key}`;
    if (body) headers["content-type"] = "application/json";
    try {
      const init = { method, headers, body: body ? JSON.stringify(body) : null, signal: signal ?? null };
      return await this.#fetch(this.#base + path, init);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Unreachable(`${this.#base} cannot be reached`, { cause: error });
    }
  }
}

function asking(name: string, asked: Asked<object>, stream: boolean): object {
  const { question, input, variant, session, user, tags, extra } = asked;
  const messages = typeof question === "string" ? [{ role: "user", content: question }] : (question ?? []);
  const told = defined({ input, session, tags });
  return {
    model: variant ? `${name}@${variant}` : name,
    messages,
    ...extra,
    ...defined({ user, stream: stream || undefined }),
    ...(Object.keys(told).length ? { surefoot: told } : {}),
  };
}

function defined(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function query(fields: Json): string {
  const told = new URLSearchParams(Object.entries(defined(fields)).map(([name, value]) => [name, String(value)]));
  return told.size ? `?${told}` : "";
}
