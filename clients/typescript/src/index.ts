/** Client for Surefoot: what the OpenAI SDK has no words for. */
export { Surefoot } from "./client.js";
export type { Asked, FunctionMap, Options, TraceFilter } from "./client.js";
export { AnswerStream } from "./stream.js";
export type { Answer, Citation, Passage } from "./answer.js";
export { Fault, Interrupted, Unreachable } from "./fault.js";
export type * from "./api.js";
