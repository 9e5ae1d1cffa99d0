// The client for TypeScript, compiled, against a running Surefoot: `node surefoot_client.mjs BASE_URL`.
import assert from "node:assert/strict";
import { Fault, Interrupted, Surefoot, Unreachable } from "./surefoot/index.js";

const baseUrl = process.argv[2];
const question = "How does Surefoot check a citation?";
const client = new Surefoot({ baseUrl });

const answer = await client.call("answer", { question, session: "s-1", user: "anna", tags: { app: "test" } });
assert.match(answer.text, /passage/);
assert.equal(answer.data, answer.text);
assert.equal(answer.citations[0].support, "quoted");
assert.equal(answer.function, "answer");
assert.ok((await client.call("answer", { question: "What is the capital of Australia?" })).abstained);
const schema = { type: "object", required: ["n"], properties: { n: { type: "integer" } } };
const response_format = { type: "json_schema", json_schema: { name: "n", schema } };
assert.deepEqual((await client.call("sim/json", { question: "count", extra: { response_format } })).data, { n: 0 });

const stream = client.stream("answer", { question });
let text = "";
for await (const piece of stream) text += piece;
assert.equal(text, answer.text);
assert.equal((await stream.answer()).citations[0].quote, answer.citations[0].quote);
assert.equal((await client.stream("answer", { question }).answer()).text, text);

const left = client.stream("sim/words-200+gap-20ms", { question: "go on" });
for await (const _ of left) break;
await assert.rejects(left.answer(), Interrupted);
const cut = client.stream("sim/words-40+cut-5", { question: "hello" });
await assert.rejects(cut.answer(), (error) => error instanceof Interrupted && error.traceId.startsWith("tr_"));

assert.match(await client.feedback(answer.traceId, "thumbs", true), /^fb_/);
const trace = await client.trace(answer.traceId);
assert.deepEqual([trace.session, trace.user, trace.tags], ["s-1", "anna", { app: "test" }]);
assert.equal(trace.feedback[0].metric, "thumbs");
assert.ok((await client.why(answer.traceId)).because.length);
assert.equal((await client.traces({ session: "s-1", limit: 5 }))[0].id, answer.traceId);
const found = await client.search("citation", { limit: 2 });
assert.equal(found.length, 2);
assert.deepEqual(await client.runs(), []);
assert.ok(Array.isArray(await client.spend({ by: "function" })));
assert.deepEqual(await client.budgets(), []);

const made = await client.keyCreate({ name: "app", functions: ["answer"], models: [] });
const mine = new Surefoot({ baseUrl, apiKey: made.secret });
assert.ok((await mine.call("answer", { question })).citations.length);
await assert.rejects(mine.call("sim/ok", { question: "hello" }), (error) => error instanceof Fault && error.status === 403);
assert.deepEqual((await client.keys()).map((key) => key.name), ["app"]);
assert.notEqual((await client.keyRotate("app", 60)).secret, made.secret);
assert.equal((await client.keyRevoke("app")).state, "revoked");
assert.ok((await client.userErase("anna")).counts);

const fault = async (call) => call.then(() => assert.fail("it was accepted"), (error) => error);
const missing = await fault(client.call("no-such-function", { question: "hello" }));
assert.ok(missing.status === 404 && missing.traceId.startsWith("tr_") && missing.message.includes("no-such-function"));
const limited = await fault(client.call("sim/retry-after-40s", { question: "hello" }));
assert.ok(limited.status === 429 && limited.retryAfterMs > 0 && limited.retryAfterMs <= 40_000);
await assert.rejects(client.search("citation", { knowledge: "no-such-knowledge" }), Fault);
await assert.rejects(new Surefoot({ baseUrl: "http://127.0.0.1:1" }).call("answer", { question }), Unreachable);
const stop = AbortSignal.abort();
await assert.rejects(client.call("answer", { question, signal: stop }), { name: "AbortError" });
console.log("ok");
