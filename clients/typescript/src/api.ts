// Made by `cargo xtask codegen` from the description of the API. Do not edit.

/** A budget. */
export interface BudgetBody {
  /** In which time: `day`, `week`, `month` or `total`. */
  every: string;
  /** Dollars, as a number or as a text like `12.50`. */
  usd: number;
}

/** A key's own budget. */
export interface BudgetView {
  /** `day`, `week`, `month` or `total`. */
  every: string;
  /** Dollars. */
  usd: number;
}

/** What was erased, for whoever asked for it. */
export interface Certificate {
  /** Everything of theirs up to this moment is gone. */
  at: string;
  /** The hash of that event. */
  audit_hash: string;
  /** The number of the audit event that notes it. */
  audit_number: number;
  /** How many of each kind went. */
  counts: Record<string, number>;
  /** The documents that went, as `knowledge/path`. Where they came from a folder, their files still lie there. */
  documents: Array<string>;
  /** The erasure's number. */
  number: number;
  /** BLAKE3 of the user's name: the name itself is kept nowhere. */
  user_hash: string;
}

/** Feedback on a trace, on a part of it, or on a session. */
export interface FeedbackBody {
  /** `thumbs`, `comment`, `correction`, `preference`, or a name of your own. */
  metric: string;
  /** The session, where it is about all of it. */
  session?: string | null;
  /** The part of the trace: a step's name, or an attempt's id. */
  span?: string | null;
  /** A token that came with the answer, in place of a key. The header `x-surefoot-feedback` may carry it too. */
  token?: string | null;
  /** The trace that it is about; a token tells it by itself. */
  trace_id?: string | null;
  /** Who says it; unless told, the trace's end user. Not with a token. */
  user?: string | null;
  /** True or false, a number, a text, a choice `{"chosen": trace, "over": [traces]}`, or null to take back what was said. */
  value: unknown;
}

/** A key to be made. */
export interface KeyBody {
  /** The doors that it opens beside those of the models: `none`, `read` or `all`. */
  admin?: string | null;
  budget?: BudgetBody | null;
  /** When it ends: a moment like `2027-01-01T00:00:00Z`. */
  expires?: string | null;
  /** The functions that it may use; absent: all. A name may end in `*`. */
  functions?: Array<string> | null;
  /** What is kept of its requests: `all`, `redacted`, `metadata` or `nothing`; absent: as the project says. */
  keep?: string | null;
  /** The knowledge that it may use; absent: all. A name may end in `*`. */
  knowledge?: Array<string> | null;
  /** Its own limits a minute. */
  limits?: RatesBody;
  /** The models that it may use; absent: all. A name may end in `*`. */
  models?: Array<string> | null;
  /** Its name, unlike every other's: 1 to 64 letters, digits, `-`, `_`, `.`. */
  name: string;
  /** Put on every trace of its requests. */
  tags?: Record<string, string>;
  /** Whose it is. */
  tenant?: string | null;
}

/** A key, without anything that opens it. */
export interface KeyView {
  /** The doors that it opens beside those of the models: `none`, `read` or `all`. */
  admin: string;
  budget?: BudgetView | null;
  /** When it was made; absent for one of the project's files. */
  created?: string | null;
  /** When it ends. */
  expires?: string | null;
  /** `ledger`, or `project` for one that stands in the project's files and is changed there. */
  from: string;
  /** The functions that it may use; absent: all. */
  functions?: Array<string> | null;
  /** Its id. */
  id: string;
  /** What is kept of its requests, where it differs from the project. */
  keep?: string | null;
  /** The knowledge that it may use; absent: all. */
  knowledge?: Array<string> | null;
  /** Its own limits a minute. */
  limits: Record<string, unknown>;
  /** The models that it may use; absent: all. */
  models?: Array<string> | null;
  /** Its name. */
  name: string;
  /** Until when the secret before the last rotation opens it too. */
  overlap?: string | null;
  /** When it was revoked. */
  revoked?: string | null;
  /** `live`, `expired` or `revoked`. */
  state: string;
  /** Put on every trace of its requests. */
  tags: Record<string, string>;
  /** Whose it is. */
  tenant?: string | null;
}

/** A key with the secret that opens it. It is told in this answer and never again. */
export interface KeyWithSecret {
  /** The key. */
  key: KeyView;
  /** The secret: what callers send. */
  secret: string;
}

/** Limits a minute; what is absent is not limited. */
export interface RatesBody {
  /** Requests at once. */
  concurrent?: number | null;
  /** Requests a minute. */
  requests?: number | null;
  /** Tokens a minute, of prompt and answer together. */
  tokens?: number | null;
}

/** How to rotate. */
export interface RotateBody {
  /** How long the secret before opens the key too, in seconds, so that callers can be told the new one; 0, the default, ends it at once. */
  overlap_seconds?: number;
}

/** What following the chain found. */
export interface Verified {
  /** Where and how the chain breaks. */
  broken?: string | null;
  /** Its hash. Note both outside of this system: whoever cuts off the end of the log cannot make them anew. */
  hash: string;
  /** Whether every event follows from the one before, up to the end. */
  intact: boolean;
  /** The number of the last event in the log. */
  last: number;
  /** The number of the last event; of the last good one where the chain breaks. */
  number: number;
}
