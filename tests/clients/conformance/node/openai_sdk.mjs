// OpenAI's own SDK for TypeScript.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { Client, DOCUMENTED, KEY, LIMITED, PDF, PERSON, PIXEL, PLACE, URL_, all, refused } from "./conformance.mjs";

const client = new Client("openai (TypeScript)", "openai");
const connected = (apiKey) => new OpenAI({ baseURL: `${URL_}/v1`, apiKey, maxRetries: 0 });
const api = connected(KEY);
const create = (asked) => api.chat.completions.create(asked);
const user = (content) => [{ role: "user", content }];
const tool = (name, description) => ({ type: "function", function: { name, description, parameters: PLACE } });
const [WEATHER, CLOCK] = [tool("weather", "The weather."), tool("clock", "The time.")];
const Person = z.object({ name: z.string(), age: z.number().int() });
const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

client.check("chat", async (ask) => {
  const answer = await create({
    model: ask.model("echo"),
    messages: [{ role: "system", content: "Be brief." }, ...user(ask.question)],
  });
  assert.equal(answer.choices[0].message.content, ask.question);
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.ok(answer.id && answer.model && answer.usage.total_tokens > 0);
  await ask.carried("Be brief.");
});

client.check("stream", async (ask) => {
  const chunks = await all(await create({ model: ask.model("echo"), messages: user(ask.question), stream: true }));
  assert.equal(textOf(chunks), ask.question);
  assert.ok(chunks.length > 4 && chunks.every((chunk) => chunk.id === chunks[0].id));
  const helped = await api.chat.completions.stream({ model: ask.model("echo"), messages: user(ask.question) }).finalContent();
  assert.equal(helped, ask.question);
});

client.check("usage in streams", async (ask) => {
  const asked = { model: ask.model("ok"), messages: user(ask.question) };
  const chunks = await all(await create({ ...asked, stream: true, stream_options: { include_usage: true } }));
  const whole = await create(asked);
  assert.equal(chunks.at(-1).usage.total_tokens, whole.usage.total_tokens);
  assert.equal(chunks.filter((chunk) => chunk.usage).length, 1);
});

client.check("tools", async (ask) => {
  const asked = { model: ask.model("tool"), messages: user(ask.question), tools: [WEATHER] };
  const { message, finish_reason } = (await create(asked)).choices[0];
  assert.equal(finish_reason, "tool_calls");
  const [call] = message.tool_calls;
  assert.equal(call.function.name, "weather");
  assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
  const streamed = await api.chat.completions.stream(asked).finalMessage();
  assert.equal(streamed.tool_calls[0].function.arguments, call.function.arguments);
  const result = { role: "tool", tool_call_id: call.id, content: "sunny-result" };
  const last = await create({ ...asked, messages: [...asked.messages, message, result] });
  assert.equal(last.choices[0].finish_reason, "stop");
  await ask.carried("sunny-result", "The weather.");
});

client.check("parallel tool calls", async (ask) => {
  const asked = { model: ask.model("calls-2"), messages: user(ask.question), tools: [WEATHER, CLOCK] };
  const { message } = (await create(asked)).choices[0];
  assert.deepEqual(message.tool_calls.map((call) => call.function.name), ["weather", "clock"]);
  const streamed = await api.chat.completions.stream(asked).finalMessage();
  assert.deepEqual(streamed.tool_calls.map((call) => call.function.name), ["weather", "clock"]);
  assert.ok(streamed.tool_calls.every((call) => "city" in JSON.parse(call.function.arguments)));
  const results = message.tool_calls.map((call) => ({
    role: "tool",
    tool_call_id: call.id,
    content: `result-of-${call.function.name}`,
  }));
  await create({ ...asked, messages: [...asked.messages, message, ...results] });
  await ask.carried("result-of-weather", "result-of-clock");
});

client.check("tool choice", async (ask) => {
  const asked = { model: ask.model("tool"), messages: user(ask.question), tools: [WEATHER, CLOCK] };
  const choose = async (tool_choice) => (await create({ ...asked, tool_choice })).choices[0].message.tool_calls?.[0].function.name;
  assert.equal(await choose({ type: "function", function: { name: "clock" } }), "clock");
  assert.equal(await choose("required"), "weather");
  assert.equal(await choose("none"), undefined);
});

client.check("JSON schema", async (ask) => {
  const asked = { model: ask.model("json"), messages: user(ask.question), response_format: zodResponseFormat(Person, "person") };
  const parsed = await api.chat.completions.parse(asked);
  assert.equal(typeof parsed.choices[0].message.parsed.age, "number");
  const streamed = await api.chat.completions.stream(asked).finalMessage();
  assert.equal(typeof streamed.parsed.age, "number");
  const wrong = await refused(OpenAI.APIError, () => create({ ...asked, model: ask.model("wrong-schema") }));
  assert.equal(wrong.status, 502);
});

client.check("images in", async (ask) => {
  const picture = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };
  await create({ model: ask.model("ok"), messages: user([{ type: "text", text: ask.question }, picture]) });
  await ask.carried(PIXEL, "png");
});

client.check("files in", async (ask) => {
  const paper = { type: "file", file: { filename: "paper.pdf", file_data: `data:application/pdf;base64,${PDF}` } };
  await create({ model: ask.model("ok"), messages: user([{ type: "text", text: ask.question }, paper]) });
  await ask.carried(PDF, "pdf");
});

client.check("reasoning", async (ask) => {
  const asked = { model: ask.model("think"), messages: user(ask.question) };
  const { message } = (await create(asked)).choices[0];
  assert.match(message.reasoning_content, /the thought/);
  const chunks = await all(await create({ ...asked, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.reasoning_content ?? "").join(""), message.reasoning_content);
});

client.check("stop", async (ask) => {
  await create({ model: ask.model("ok"), messages: user(ask.question), stop: ["STOP-HERE"] });
  return ask.carriedOrTold("stop", "STOP-HERE");
});

client.check("seed", async (ask) => {
  await create({ model: ask.model("ok"), messages: user(ask.question), seed: 424242 });
  return ask.carriedOrTold("seed", "424242");
});

client.check("logprobs", async (ask) => {
  let answer;
  try {
    answer = await create({ model: ask.model("ok"), messages: user(ask.question), logprobs: true, top_logprobs: 2 });
  } catch (error) {
    if (error instanceof OpenAI.BadRequestError && error.message.includes("logprobs")) return "refused: `logprobs`";
    throw error;
  }
  const { logprobs, message } = answer.choices[0];
  if (!logprobs) {
    assert.ok(answer.surefoot.dropped.includes("logprobs"));
    return "`logprobs` is told as dropped";
  }
  assert.equal(logprobs.content.map((token) => token.token).join(""), message.content);
});

client.check("metadata", async (ask) => {
  await create({ model: ask.model("ok"), messages: user(ask.question), metadata: { app: "conformance-tag" } });
  return ask.carriedOrTold("metadata", "conformance-tag");
});

client.check("embeddings", async (ask) => {
  const model = ask.behind === "local" ? "local/static" : ask.model("ok");
  const { data } = await api.embeddings.create({ model, input: ["one", "another"] });
  assert.equal(data.length, 2);
  assert.notDeepEqual(data[0].embedding, data[1].embedding);
  assert.equal(typeof data[0].embedding[0], "number");
}, ["chat", "gemini", "local"]);

client.check("models", async () => {
  const listed = (await all(api.models.list())).map((model) => model.id);
  assert.ok(listed.includes("answer") && listed.includes("fallback"));
  assert.equal((await api.models.retrieve("answer")).id, "answer");
}, ["surefoot"]);

client.check("responses", async (ask) => {
  const first = await api.responses.create({ model: ask.model("echo"), input: `My name is Ada. ${ask.marker}` });
  assert.equal(first.output_text, `My name is Ada. ${ask.marker}`);
  const second = await api.responses.create({
    model: ask.model("echo"),
    input: ask.question,
    previous_response_id: first.id,
  });
  assert.equal(second.output_text, ask.question);
  await ask.carried("My name is Ada.");
  const text = { format: zodTextFormat(Person, "person") };
  const parsed = await api.responses.parse({ model: ask.model("json"), input: ask.question, text });
  assert.equal(typeof parsed.output_parsed.age, "number");
});

client.check("responses, streamed", async (ask) => {
  const events = await all(await api.responses.create({ model: ask.model("echo"), input: ask.question, stream: true }));
  assert.equal(events[0].type, "response.created");
  assert.equal(events.at(-1).type, "response.completed");
  const text = events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta);
  assert.equal(text.join(""), ask.question);
  const final = await api.responses.stream({ model: ask.model("think"), input: ask.question }).finalResponse();
  assert.deepEqual(final.output.map((item) => item.type), ["reasoning", "message"]);
});

client.check("errors", async (ask) => {
  const asked = { model: ask.model("ok"), messages: user(ask.question) };
  const limit = await refused(OpenAI.RateLimitError, () => create({ ...asked, model: ask.model("retry-after-40s") }));
  // What a target asked for holds for everybody after, so it may be less by now.
  assert.ok(limit.headers.get("retry-after") >= 1 && limit.headers.get("retry-after") <= 40);
  await refused(OpenAI.BadRequestError, () => create({ ...asked, model: ask.model("fail-400") }));
  await refused(OpenAI.InternalServerError, () => create({ ...asked, model: ask.model("fail-500") }));
  await refused(OpenAI.NotFoundError, () => create({ ...asked, model: "no-such-model" }));
  const malformed = await refused(OpenAI.BadRequestError, () => create({ ...asked, messages: "hello" }));
  assert.equal(malformed.param, "messages");
  await refused(OpenAI.AuthenticationError, () => connected("sk-nobody").chat.completions.create(asked));
  const over = async () => {
    for (let times = 0; times < 3; times++) await connected(LIMITED).chat.completions.create(asked);
  };
  await refused(OpenAI.RateLimitError, over);
});

client.check("a broken stream", async (ask) => {
  for (const words of ["words-40+cut-5", "words-40+error-in-stream", "words-40+bad-json"]) {
    const asked = { model: ask.model(words), messages: user(ask.question), stream: true };
    await refused(Error, async () => all(await create(asked)));
  }
});

client.check("citations", async () => {
  const answer = await create({ model: "answer", messages: user(DOCUMENTED) });
  assert.equal(answer.surefoot.citations[0].support, "quoted");
  const chunks = await all(await create({ model: "answer", messages: user(DOCUMENTED), stream: true }));
  assert.equal(chunks.at(-1).surefoot.citations[0].quote, answer.surefoot.citations[0].quote);
}, ["surefoot"]);

client.check("cancel", async (ask) => {
  const stream = await create({ model: ask.model("words-400+gap-50ms"), messages: user(ask.question), stream: true });
  let pieces = 0;
  for await (const _ of stream) if (++pieces > 3) break;
  stream.controller.abort();
  assert.equal((await ask.trace()).outcome, "cancelled");
});

await client.run();
