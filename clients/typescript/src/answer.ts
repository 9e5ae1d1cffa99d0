/** A place in a document that an answer refers to, as it was checked. */
export interface Citation {
  /** The number in the answer, as in `[1]`. */
  mark: number;
  document: string;
  title: string;
  heading_path: string[];
  /** The first byte of the quote in the document. */
  start: number;
  end: number;
  quote: string;
  /** How well the passage bears the sentence out: `quoted` is word for word. */
  support: string;
}

/** A passage that was found. */
export interface Passage {
  document: string;
  title: string | null;
  heading_path: string[];
  start: number;
  end: number;
  text: string;
  score: number;
}

/** A function's answer. */
export interface Answer<Output = unknown> {
  text: string;
  /** The answer in its type: JSON that was read where the function has an `output`, else the text. */
  data: Output;
  traceId: string;
  function: string | undefined;
  variant: string | undefined;
  citations: Citation[];
  /** It says that the documents do not answer. */
  abstained: boolean;
  /** What it cost; absent where a price is not known. */
  costUsd: number | undefined;
  /** Fields that the provider's API has no place for. */
  dropped: string[];
  cached: boolean;
  finish: string | undefined;
}

/** The `surefoot` object of an answer, as it comes. */
export interface Told {
  trace_id?: string;
  function?: string;
  variant?: string;
  citations?: Citation[];
  abstained?: boolean;
  cost_usd?: number | null;
  dropped?: string[];
  cached?: boolean;
}

/** An answer from its text and its `surefoot` object. */
export function answered<Output>(text: string, finish: string | undefined, told: Told): Answer<Output> {
  return {
    text,
    data: read(text) as Output,
    traceId: told.trace_id ?? "",
    function: told.function,
    variant: told.variant,
    citations: told.citations ?? [],
    abstained: told.abstained ?? false,
    costUsd: told.cost_usd ?? undefined,
    dropped: told.dropped ?? [],
    cached: told.cached ?? false,
    finish,
  };
}

/** A JSON object or list as data; any other text as it is. */
function read(text: string): unknown {
  if (!text.startsWith("{") && !text.startsWith("[")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
