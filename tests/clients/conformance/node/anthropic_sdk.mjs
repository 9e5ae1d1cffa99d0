// Anthropic's own SDK for TypeScript.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { Client, DOCUMENTED, KEY, LIMITED, PDF, PERSON, PIXEL, PLACE, URL_, all, refused } from "./conformance.mjs";

const client = new Client("anthropic (TypeScript)", "@anthropic-ai/sdk");
const connected = (apiKey) => new Anthropic({ baseURL: URL_, apiKey, maxRetries: 0 });
const api = connected(KEY);
const create = (asked) => api.messages.create({ max_tokens: 2000, ...asked });
const final = (asked) => api.messages.stream({ max_tokens: 2000, ...asked }).finalMessage();
const user = (content) => [{ role: "user", content }];
const tool = (name, description) => ({ name, description, input_schema: PLACE });
const [WEATHER, CLOCK] = [tool("weather", "The weather."), tool("clock", "The time.")];
const of = (message, type) => message.content.filter((block) => block.type === type);

client.check("chat", async (ask) => {
  const message = await create({ model: ask.model("echo"), system: "Be brief.", messages: user(ask.question) });
  assert.equal(message.content[0].text, ask.question);
  assert.equal(message.stop_reason, "end_turn");
  assert.ok(message.id && message.model && message.usage.output_tokens > 0);
  await ask.carried("Be brief.");
});

client.check("stream", async (ask) => {
  const asked = { model: ask.model("echo"), messages: user(ask.question) };
  assert.equal((await final(asked)).content[0].text, ask.question);
  const kinds = (await all(await create({ ...asked, stream: true }))).map((event) => event.type);
  assert.equal(kinds[0], "message_start");
  assert.equal(kinds.at(-1), "message_stop");
  const blocks = kinds.filter((kind) => kind === "content_block_stop");
  assert.equal(blocks.length, 1);
});

client.check("usage in streams", async (ask) => {
  const asked = { model: ask.model("ok"), messages: user(ask.question) };
  const [streamed, whole] = [await final(asked), await create(asked)];
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
  assert.ok(streamed.usage.input_tokens > 0);
});

client.check("tools", async (ask) => {
  const asked = { model: ask.model("tool"), messages: user(ask.question), tools: [WEATHER] };
  const first = await create(asked);
  const [use] = of(first, "tool_use");
  assert.equal(first.stop_reason, "tool_use");
  assert.ok(use.name === "weather" && "city" in use.input);
  assert.deepEqual(of(await final(asked), "tool_use")[0].input, use.input);
  const result = { type: "tool_result", tool_use_id: use.id, content: "sunny-result" };
  const history = [...asked.messages, { role: "assistant", content: first.content }, ...user([result])];
  assert.equal((await create({ ...asked, messages: history })).stop_reason, "end_turn");
  await ask.carried("sunny-result", "The weather.");
});

client.check("parallel tool calls", async (ask) => {
  const asked = { model: ask.model("calls-2"), messages: user(ask.question), tools: [WEATHER, CLOCK] };
  const first = await create(asked);
  assert.deepEqual(of(first, "tool_use").map((use) => use.name), ["weather", "clock"]);
  assert.deepEqual(of(await final(asked), "tool_use").map((use) => use.name), ["weather", "clock"]);
  const results = of(first, "tool_use").map((use) => ({
    type: "tool_result",
    tool_use_id: use.id,
    content: `result-of-${use.name}`,
  }));
  await create({ ...asked, messages: [...asked.messages, { role: "assistant", content: first.content }, ...user(results)] });
  await ask.carried("result-of-weather", "result-of-clock");
});

client.check("tool choice", async (ask) => {
  const asked = { model: ask.model("tool"), messages: user(ask.question), tools: [WEATHER, CLOCK] };
  const choose = async (tool_choice) => of(await create({ ...asked, tool_choice }), "tool_use")[0]?.name;
  assert.equal(await choose({ type: "tool", name: "clock" }), "clock");
  assert.equal(await choose({ type: "any" }), "weather");
  assert.equal(await choose({ type: "none" }), undefined);
});

client.check("JSON schema", async (ask) => {
  const output_config = { format: { type: "json_schema", schema: PERSON } };
  const asked = { model: ask.model("json"), messages: user(ask.question), output_config };
  for (const message of [await create(asked), await final(asked)]) {
    assert.equal(typeof JSON.parse(of(message, "text")[0].text).age, "number");
  }
});

client.check("images in", async (ask) => {
  const picture = { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } };
  await create({ model: ask.model("ok"), messages: user([picture, { type: "text", text: ask.question }]) });
  await ask.carried(PIXEL, "png");
});

client.check("files in", async (ask) => {
  const paper = { type: "document", source: { type: "base64", media_type: "application/pdf", data: PDF } };
  await create({ model: ask.model("ok"), messages: user([paper, { type: "text", text: ask.question }]) });
  await ask.carried(PDF, "pdf");
});

client.check("reasoning", async (ask) => {
  const asked = { model: ask.model("think"), messages: user(ask.question) };
  const answer = await create({ ...asked, thinking: { type: "enabled", budget_tokens: 1024 } });
  const [thought] = of(answer, "thinking");
  assert.match(thought.thinking, /the thought/);
  assert.equal(of(await final(asked), "thinking")[0].thinking, thought.thinking);
  const history = [...asked.messages, { role: "assistant", content: answer.content }, ...user(`And now? ${ask.marker}`)];
  assert.equal((await create({ ...asked, messages: history })).stop_reason, "end_turn");
});

client.check("prompt caching", async (ask) => {
  const system = [{ type: "text", text: "A long text.", cache_control: { type: "ephemeral" } }];
  await create({ model: ask.model("ok"), system, messages: user(ask.question) });
  const words = { anthropic: '"cache_control"', bedrock: "cachePoint" };
  return ask.carriedOrTold("cache_control", words[ask.behind] ?? "never sent");
});

client.check("stop", async (ask) => {
  await create({ model: ask.model("ok"), messages: user(ask.question), stop_sequences: ["STOP-HERE"] });
  return ask.carriedOrTold("stop", "STOP-HERE");
});

client.check("metadata", async (ask) => {
  await create({ model: ask.model("ok"), messages: user(ask.question), metadata: { user_id: "user-of-conformance" } });
  assert.match(JSON.stringify(await ask.trace()), /user-of-conformance/);
});

client.check("models", async () => {
  const listed = (await all(api.models.list())).map((model) => model.id);
  assert.ok(listed.includes("answer") && listed.includes("fallback"));
  assert.equal((await api.models.retrieve("answer")).id, "answer");
}, ["surefoot"]);

client.check("count tokens", async (ask) => {
  const count = async (content) =>
    (await api.messages.countTokens({ model: ask.model("ok"), messages: user(content) })).input_tokens;
  const [few, many] = [await count(ask.question), await count(ask.question.repeat(50))];
  assert.ok(many > few && few > 0);
});

client.check("errors", async (ask) => {
  const asked = { model: ask.model("ok"), max_tokens: 100, messages: user(ask.question) };
  const limit = await refused(Anthropic.RateLimitError, () => create({ ...asked, model: ask.model("retry-after-40s") }));
  // What a target asked for holds for everybody after, so it may be less by now.
  assert.ok(limit.headers.get("retry-after") >= 1 && limit.headers.get("retry-after") <= 40);
  await refused(Anthropic.BadRequestError, () => create({ ...asked, model: ask.model("fail-400") }));
  await refused(Anthropic.InternalServerError, () => create({ ...asked, model: ask.model("fail-500") }));
  const missing = await refused(Anthropic.NotFoundError, () => create({ ...asked, model: "no-such-model" }));
  assert.equal(missing.error.error.type, "not_found_error");
  await refused(Anthropic.AuthenticationError, () => connected("sk-nobody").messages.create(asked));
  const over = async () => {
    for (let times = 0; times < 3; times++) await connected(LIMITED).messages.create(asked);
  };
  await refused(Anthropic.RateLimitError, over);
});

client.check("a broken stream", async (ask) => {
  for (const words of ["words-40+cut-5", "words-40+error-in-stream", "words-40+bad-json"]) {
    await refused(Error, () => final({ model: ask.model(words), messages: user(ask.question) }));
  }
});

client.check("citations", async () => {
  const message = await create({ model: "answer", messages: user(DOCUMENTED) });
  assert.equal(message.surefoot.citations[0].support, "quoted");
}, ["surefoot"]);

client.check("cancel", async (ask) => {
  const stream = await create({ model: ask.model("words-400+gap-50ms"), messages: user(ask.question), stream: true });
  let pieces = 0;
  for await (const _ of stream) if (++pieces > 5) break;
  stream.controller.abort();
  assert.equal((await ask.trace()).outcome, "cancelled");
});

await client.run();
