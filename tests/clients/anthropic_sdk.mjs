// The official Anthropic SDK for TypeScript against a Surefoot: `node anthropic_sdk.mjs BASE_URL`.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.argv[2], apiKey: "unused", maxRetries: 0 });
const request = {
  model: "answer",
  max_tokens: 500,
  messages: [{ role: "user", content: "How does Surefoot check a citation?" }],
};

const message = await client.messages.create(request);
assert.match(message.content[0].text, /passage/);
assert.equal(message.stop_reason, "end_turn");
assert.equal(message.surefoot.citations[0].support, "quoted");

const stream = client.messages.stream(request);
const final = await stream.finalMessage();
assert.equal(final.content[0].text, message.content[0].text);

await assert.rejects(client.messages.create({ ...request, model: "no-such-model" }), (error) => error.status === 404);

console.log("ok");
