// Checks that the Vercel AI SDK's providers share: one interface over several APIs.
import assert from "node:assert/strict";
import { APICallError, Output, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { PDF, PERSON, PIXEL, PLACE, refused } from "./conformance.mjs";

const weather = tool({ description: "The weather.", inputSchema: jsonSchema(PLACE), execute: async () => "sunny-result" });
const clock = tool({ description: "The time.", inputSchema: jsonSchema(PLACE), execute: async () => "noon-result" });

/** Streams, and gives what the SDK made of it. An error in the stream is thrown. */
export async function streamed(asked) {
  let failed;
  const result = streamText({ maxRetries: 0, onError: ({ error }) => (failed = error), ...asked });
  let text = "";
  for await (const piece of result.textStream) text += piece;
  if (failed) throw failed;
  return { text, usage: await result.usage, reasoning: await result.reasoningText, finish: await result.finishReason };
}

/** `json`: how the simulator is asked for JSON; `stops`: whether the provider sends stop sequences at all. */
export function common(client, model, { json = "json", stops = true } = {}) {
  const ask_ = (asked) => generateText({ maxRetries: 0, ...asked });

  client.check("chat", async (ask) => {
    const answer = await ask_({ model: model(ask, "echo"), system: "Be brief.", prompt: ask.question });
    assert.equal(answer.text, ask.question);
    assert.equal(answer.finishReason, "stop");
    assert.ok(answer.usage.outputTokens > 0);
    await ask.carried("Be brief.");
  });

  client.check("stream", async (ask) => {
    const { text, finish } = await streamed({ model: model(ask, "echo"), prompt: ask.question });
    assert.equal(text, ask.question);
    assert.equal(finish, "stop");
  });

  client.check("usage in streams", async (ask) => {
    const asked = { model: model(ask, "ok"), prompt: ask.question };
    assert.equal((await streamed(asked)).usage.outputTokens, (await ask_(asked)).usage.outputTokens);
  });

  client.check("tools", async (ask) => {
    const asked = { model: model(ask, "tool"), prompt: ask.question, tools: { weather }, stopWhen: stepCountIs(3) };
    const { steps, text } = await ask_(asked);
    assert.equal(steps.length, 2);
    assert.equal(steps[0].toolCalls[0].toolName, "weather");
    assert.ok("city" in steps[0].toolCalls[0].input && text);
    await ask.carried("sunny-result", "The weather.");
    assert.ok((await streamed(asked)).text);
  });

  client.check("parallel tool calls", async (ask) => {
    const asked = { model: model(ask, "calls-2"), prompt: ask.question, tools: { weather, clock } };
    const { steps } = await ask_({ ...asked, stopWhen: stepCountIs(3) });
    assert.deepEqual(steps[0].toolCalls.map((call) => call.toolName), ["weather", "clock"]);
    await ask.carried("sunny-result", "noon-result");
  });

  client.check("tool choice", async (ask) => {
    const asked = { model: model(ask, "tool"), prompt: ask.question, tools: { weather, clock } };
    const choose = async (toolChoice) => (await ask_({ ...asked, toolChoice })).toolCalls[0]?.toolName;
    assert.equal(await choose({ type: "tool", toolName: "clock" }), "clock");
    assert.equal(await choose("required"), "weather");
    assert.equal(await choose("none"), undefined);
  });

  client.check("JSON schema", async (ask) => {
    const output = Output.object({ schema: jsonSchema(PERSON) });
    const answer = await ask_({ model: model(ask, json), prompt: ask.question, output });
    assert.equal(typeof answer.output.age, "number");
    const { text } = await streamed({ model: model(ask, json), prompt: ask.question, output });
    assert.equal(typeof JSON.parse(text).age, "number");
  });

  const content = (ask, data, mediaType) => [
    { role: "user", content: [{ type: "text", text: ask.question }, { type: "file", data, mediaType, filename: "a-file" }] },
  ];

  client.check("images in", async (ask) => {
    await ask_({ model: model(ask, "ok"), messages: content(ask, PIXEL, "image/png") });
    await ask.carried(PIXEL, "png");
  });

  client.check("files in", async (ask) => {
    await ask_({ model: model(ask, "ok"), messages: content(ask, PDF, "application/pdf") });
    await ask.carried(PDF, "pdf");
  });

  const stop = async (ask) => {
    await ask_({ model: model(ask, "ok"), prompt: ask.question, stopSequences: ["STOP-HERE"] });
    return ask.carriedOrTold("stop", "STOP-HERE");
  };
  if (stops) client.check("stop", stop);

  client.check("errors", async (ask) => {
    const status = async (words) => {
      const error = await refused(Error, () => ask_({ model: model(ask, words), prompt: ask.question }));
      assert.ok(APICallError.isInstance(error), error);
      return [error.statusCode, error.isRetryable];
    };
    assert.deepEqual(await status("retry-after-40s"), [429, true]);
    assert.deepEqual(await status("fail-400"), [400, false]);
  });

  client.check("a broken stream", async (ask) => {
    for (const words of ["words-40+cut-5", "words-40+error-in-stream", "words-40+bad-json"]) {
      await refused(Object, () => streamed({ model: model(ask, words), prompt: ask.question }));
    }
  });

  client.check("cancel", async (ask) => {
    const stop = new AbortController();
    const asked = { model: model(ask, "words-400+gap-50ms"), prompt: ask.question, abortSignal: stop.signal, onError: () => {} };
    let pieces = 0;
    for await (const _ of streamText(asked).textStream) if (++pieces > 3) stop.abort();
    assert.equal((await ask.trace()).outcome, "cancelled");
  });
}

/** What was reasoned, whole and streamed. */
export function reasons(client, model, providerOptions) {
  client.check("reasoning", async (ask) => {
    const asked = { model: model(ask, "think"), prompt: ask.question, providerOptions };
    const answer = await generateText({ maxRetries: 0, ...asked });
    assert.match(answer.reasoningText ?? "", /the thought/);
    assert.equal((await streamed(asked)).reasoning, answer.reasoningText);
  });
}
