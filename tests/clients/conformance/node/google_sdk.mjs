// Google's own SDK for TypeScript.
import assert from "node:assert/strict";
import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from "@google/genai";
import { Client, KEY, LIMITED, PDF, PERSON, PIXEL, PLACE, URL_, all, refused } from "./conformance.mjs";

const client = new Client("google-genai (TypeScript)", "@google/genai");
const connected = (apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: URL_ } });
const api = connected(KEY);
const generate = (model, contents, config) => api.models.generateContent({ model, contents, config });
const streamed = async (model, contents, config) =>
  all(await api.models.generateContentStream({ model, contents, config }));
const tool = (name, description) => ({ name, description, parametersJsonSchema: PLACE });
const TOOLS = [{ functionDeclarations: [tool("weather", "The weather."), tool("clock", "The time.")] }];
const textOf = (pieces) => pieces.map((piece) => piece.text ?? "").join("");

client.check("chat", async (ask) => {
  const answer = await generate(ask.model("echo"), ask.question, { systemInstruction: "Be brief." });
  assert.equal(answer.text, ask.question);
  assert.equal(answer.candidates[0].finishReason, "STOP");
  assert.ok(answer.usageMetadata.totalTokenCount > 0 && answer.responseId && answer.modelVersion);
  await ask.carried("Be brief.");
});

client.check("stream", async (ask) => {
  const pieces = await streamed(ask.model("echo"), ask.question);
  assert.equal(textOf(pieces), ask.question);
  assert.ok(pieces.length > 3);
});

client.check("usage in streams", async (ask) => {
  const [pieces, whole] = [await streamed(ask.model("ok"), ask.question), await generate(ask.model("ok"), ask.question)];
  assert.equal(pieces.at(-1).usageMetadata.totalTokenCount, whole.usageMetadata.totalTokenCount);
});

client.check("tools", async (ask) => {
  const config = { tools: TOOLS };
  const first = await generate(ask.model("tool"), ask.question, config);
  const [call] = first.functionCalls;
  assert.ok(call.name === "weather" && "city" in call.args);
  const calls = (await streamed(ask.model("tool"), ask.question, config)).flatMap((piece) => piece.functionCalls ?? []);
  assert.deepEqual(calls.map((one) => one.args), [call.args]);
  const result = { functionResponse: { id: call.id, name: "weather", response: { result: "sunny-result" } } };
  const history = [
    { role: "user", parts: [{ text: ask.question }] },
    first.candidates[0].content,
    { role: "user", parts: [result] },
  ];
  assert.ok((await generate(ask.model("tool"), history, config)).text);
  await ask.carried("sunny-result", "The weather.");
});

client.check("parallel tool calls", async (ask) => {
  const names = (answer) => (answer.functionCalls ?? []).map((call) => call.name);
  const first = await generate(ask.model("calls-2"), ask.question, { tools: TOOLS });
  assert.deepEqual(names(first), ["weather", "clock"]);
  const pieces = await streamed(ask.model("calls-2"), ask.question, { tools: TOOLS });
  assert.deepEqual(pieces.flatMap(names), ["weather", "clock"]);
});

client.check("tool choice", async (ask) => {
  const choose = async (mode, allowedFunctionNames) => {
    const config = { tools: TOOLS, toolConfig: { functionCallingConfig: { mode, allowedFunctionNames } } };
    return (await generate(ask.model("tool"), ask.question, config)).functionCalls?.[0].name;
  };
  assert.equal(await choose(FunctionCallingConfigMode.ANY, ["clock"]), "clock");
  assert.equal(await choose(FunctionCallingConfigMode.ANY), "weather");
  assert.equal(await choose(FunctionCallingConfigMode.NONE), undefined);
});

client.check("JSON schema", async (ask) => {
  const config = { responseMimeType: "application/json", responseJsonSchema: PERSON };
  assert.equal(typeof JSON.parse((await generate(ask.model("json"), ask.question, config)).text).age, "number");
  assert.equal(typeof JSON.parse(textOf(await streamed(ask.model("json"), ask.question, config))).age, "number");
});

client.check("images in", async (ask) => {
  const parts = [{ inlineData: { data: PIXEL, mimeType: "image/png" } }, { text: ask.question }];
  assert.ok((await generate(ask.model("ok"), [{ role: "user", parts }])).text);
  await ask.carried(PIXEL, "png");
});

client.check("files in", async (ask) => {
  const parts = [{ inlineData: { data: PDF, mimeType: "application/pdf" } }, { text: ask.question }];
  assert.ok((await generate(ask.model("ok"), [{ role: "user", parts }])).text);
  await ask.carried(PDF, "pdf");
});

client.check("reasoning", async (ask) => {
  const config = { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } };
  const thoughts = (answer) => (answer.candidates?.[0].content?.parts ?? []).filter((part) => part.thought);
  const whole = thoughts(await generate(ask.model("think"), ask.question, config));
  assert.match(whole[0].text, /the thought/);
  const pieces = (await streamed(ask.model("think"), ask.question, config)).flatMap(thoughts);
  assert.equal(pieces.map((part) => part.text ?? "").join(""), whole.map((part) => part.text).join(""));
});

client.check("stop", async (ask) => {
  await generate(ask.model("ok"), ask.question, { stopSequences: ["STOP-HERE"] });
  return ask.carriedOrTold("stop", "STOP-HERE");
});

client.check("seed", async (ask) => {
  await generate(ask.model("ok"), ask.question, { seed: 424242 });
  return ask.carriedOrTold("seed", "424242");
});

client.check("embeddings", async (ask) => {
  const model = ask.behind === "local" ? "local/static" : ask.model("ok");
  const { embeddings } = await api.models.embedContent({ model, contents: ["one", "another"] });
  assert.equal(embeddings.length, 2);
  assert.notDeepEqual(embeddings[0].values, embeddings[1].values);
}, ["chat", "gemini", "local"]);

client.check("models", async () => {
  const listed = (await all(await api.models.list())).map((model) => model.name);
  assert.ok(listed.includes("models/answer"));
}, ["surefoot"]);

client.check("count tokens", async (ask) => {
  const count = async (contents) => (await api.models.countTokens({ model: ask.model("ok"), contents })).totalTokens;
  const [few, many] = [await count(ask.question), await count(ask.question.repeat(50))];
  assert.ok(many > few && few > 0);
});

client.check("errors", async (ask) => {
  const status = async (call) => (await refused(ApiError, call)).status;
  assert.equal(await status(() => generate(ask.model("retry-after-40s"), ask.question)), 429);
  assert.equal(await status(() => generate(ask.model("fail-400"), ask.question)), 400);
  assert.equal(await status(() => generate("no-such-model", ask.question)), 404);
  const stranger = connected("nobody");
  const asked = { model: ask.model("ok"), contents: ask.question };
  assert.equal(await status(() => stranger.models.generateContent(asked)), 401);
  const limited = connected(LIMITED);
  const over = async () => {
    for (let times = 0; times < 3; times++) await limited.models.generateContent(asked);
  };
  assert.equal(await status(over), 429);
});

client.check("a broken stream", async (ask) => {
  for (const words of ["words-40+cut-5", "words-40+error-in-stream", "words-40+bad-json"]) {
    await refused(Error, () => streamed(ask.model(words), ask.question));
  }
});

client.check("cancel", async (ask) => {
  const stop = new AbortController();
  const config = { abortSignal: stop.signal };
  const stream = await api.models.generateContentStream({ model: ask.model("words-400+gap-50ms"), contents: ask.question, config });
  let pieces = 0;
  for await (const _ of stream) if (++pieces > 3) break;
  stop.abort();
  assert.equal((await ask.trace()).outcome, "cancelled");
});

await client.run();
