// The Vercel AI SDK with its OpenAI provider, chat completions.
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateText } from "ai";
import { Client, KEY, URL_ } from "./conformance.mjs";
import { common } from "./ai_checks.mjs";

const client = new Client("Vercel AI SDK, OpenAI chat", "@ai-sdk/openai");
const openai = createOpenAI({ baseURL: `${URL_}/v1`, apiKey: KEY });
common(client, (ask, words) => openai.chat(ask.model(words)));

client.check("seed", async (ask) => {
  await generateText({ model: openai.chat(ask.model("ok")), prompt: ask.question, seed: 424242, maxRetries: 0 });
  return ask.carriedOrTold("seed", "424242");
});

client.check("embeddings", async (ask) => {
  const model = openai.embedding(ask.behind === "local" ? "local/static" : ask.model("ok"));
  const { embeddings } = await embedMany({ model, values: ["one", "another"], maxRetries: 0 });
  assert.notDeepEqual(embeddings[0], embeddings[1]);
}, ["chat", "gemini", "local"]);

await client.run();
