import { type Answer, type Told, answered } from "./answer.js";
import { Interrupted, errorOf, faultOf } from "./fault.js";

type Chunk = {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  surefoot?: Told;
};

/** An answer being streamed: its pieces, and then the whole. Breaking out of the loop cancels the request. */
export class AnswerStream<Output = unknown> implements AsyncIterable<string> {
  #response: Promise<Response>;
  #stop: AbortController;
  #text = "";
  #finish: string | undefined;
  #told: Told = {};
  #ended = false;
  #read = false;

  constructor(response: Promise<Response>, stop: AbortController) {
    this.#response = response;
    this.#stop = stop;
    // Whoever reads the stream is told; nobody else has to be.
    response.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    if (this.#read) throw new Error("a stream is read once");
    this.#read = true;
    const response = await this.#response;
    if (!response.ok) throw await faultOf(response);
    const traceId = response.headers.get("x-surefoot-trace") ?? undefined;
    try {
      for await (const line of lines(response)) {
        const piece = this.#line(line, traceId);
        if (piece) yield piece;
      }
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      throw new Interrupted("the stream broke off before its end", { traceId, cause: error });
    } finally {
      // Nothing more is wanted of a stream that is left early.
      if (!this.#ended) this.#stop.abort();
    }
    if (!this.#ended) throw new Interrupted("the stream broke off before its end", { traceId });
  }

  /** The whole answer. Reads what is left of the stream. */
  async answer(): Promise<Answer<Output>> {
    if (!this.#read) for await (const _ of this);
    if (!this.#ended) throw new Interrupted("the stream was not read to its end");
    return answered<Output>(this.#text, this.#finish, this.#told);
  }

  #line(line: string, traceId: string | undefined): string {
    if (!line.startsWith("data:")) return "";
    const data = line.slice(5).trim();
    if (data === "[DONE]") {
      this.#ended = true;
      return "";
    }
    const error = errorOf(data);
    if (error) {
      const told = { code: error.code ?? undefined, traceId: error.trace_id ?? traceId };
      throw new Interrupted(error.message ?? "the stream failed", told);
    }
    const chunk = JSON.parse(data) as Chunk;
    this.#told = chunk.surefoot ?? this.#told;
    let piece = "";
    for (const choice of chunk.choices ?? []) {
      piece += choice.delta?.content ?? "";
      this.#finish = choice.finish_reason ?? this.#finish;
    }
    this.#text += piece;
    return piece;
  }
}

/** The lines of a body, whatever its packets cut through. */
async function* lines(response: Response): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  if (!reader) return;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const all = (rest + value).split("\n");
    rest = all.pop() ?? "";
    yield* all;
  }
  if (rest) yield rest;
}
