// Checks that LangChain's chat models share: one interface over several SDKs.
import assert from "node:assert/strict";
import { HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { PIXEL, all, refused } from "./conformance.mjs";

const place = z.object({ city: z.string() });
const weather = tool(async () => "sunny", { name: "weather", description: "The weather.", schema: place });
const clock = tool(async () => "noon", { name: "clock", description: "The time.", schema: place });
const Person = z.object({ name: z.string(), age: z.number().int() });
const joined = (pieces) => pieces.reduce((whole, piece) => whole.concat(piece));

/** `pictures`: whether the class sends pictures to a model whose name it does not know. */
export function common(client, llm, { pictures = true } = {}) {
  client.check("chat", async (ask) => {
    const answer = await llm(ask, "echo").invoke([new SystemMessage("Be brief."), new HumanMessage(ask.question)]);
    assert.equal(answer.text, ask.question);
    assert.ok(answer.usage_metadata.total_tokens > 0);
    await ask.carried("Be brief.");
  });

  client.check("stream", async (ask) => {
    const pieces = await all(await llm(ask, "echo").stream(ask.question));
    assert.equal(joined(pieces).text, ask.question);
    assert.ok(pieces.length > 3);
  });

  client.check("usage in streams", async (ask) => {
    const streamed = joined(await all(await llm(ask, "ok").stream(ask.question)));
    const whole = await llm(ask, "ok").invoke(ask.question);
    assert.equal(streamed.usage_metadata.output_tokens, whole.usage_metadata.output_tokens);
  });

  client.check("tools", async (ask) => {
    const bound = llm(ask, "tool").bindTools([weather]);
    const first = await bound.invoke(ask.question);
    assert.equal(first.tool_calls[0].name, "weather");
    assert.ok("city" in first.tool_calls[0].args);
    const streamed = joined(await all(await bound.stream(ask.question)));
    assert.deepEqual(streamed.tool_calls.map((call) => call.args), [first.tool_calls[0].args]);
    const result = new ToolMessage({ content: "sunny-result", tool_call_id: first.tool_calls[0].id, name: "weather" });
    assert.ok((await bound.invoke([new HumanMessage(ask.question), first, result])).text);
    await ask.carried("sunny-result", "The weather.");
  });

  client.check("parallel tool calls", async (ask) => {
    const bound = llm(ask, "calls-2").bindTools([weather, clock]);
    const names = (message) => message.tool_calls.map((call) => call.name);
    assert.deepEqual(names(await bound.invoke(ask.question)), ["weather", "clock"]);
    assert.deepEqual(names(joined(await all(await bound.stream(ask.question)))), ["weather", "clock"]);
  });

  client.check("tool choice", async (ask) => {
    const bound = llm(ask, "tool").bindTools([weather, clock], { tool_choice: "clock" });
    assert.equal((await bound.invoke(ask.question)).tool_calls[0].name, "clock");
  });

  client.check("JSON schema", async (ask) => {
    const native = llm(ask, "json").withStructuredOutput(Person, { method: "jsonSchema" });
    assert.equal(typeof (await native.invoke(ask.question)).age, "number");
    const byCall = llm(ask, "tool").withStructuredOutput(Person, { method: "functionCalling", name: "person" });
    assert.equal(typeof (await byCall.invoke(ask.question)).age, "number");
  });

  const images = async (ask) => {
    const picture = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };
    assert.ok((await llm(ask, "ok").invoke([new HumanMessage({ content: [{ type: "text", text: ask.question }, picture] })])).text);
    await ask.carried(PIXEL, "png");
  };
  if (pictures) client.check("images in", images);

  client.check("errors", async (ask) => {
    await refused(Error, () => llm(ask, "retry-after-40s").invoke(ask.question));
    await refused(Error, async () => all(await llm(ask, "words-40+cut-5").stream(ask.question)));
  });

  client.check("cancel", async (ask) => {
    const stop = new AbortController();
    const givenUp = async () => {
      let pieces = 0;
      for await (const _ of await llm(ask, "words-400+gap-50ms").stream(ask.question, { signal: stop.signal })) {
        if (++pieces > 3) stop.abort();
      }
      throw stop.signal.reason;
    };
    await refused(Error, givenUp);
    assert.equal((await ask.trace()).outcome, "cancelled");
  });
}
