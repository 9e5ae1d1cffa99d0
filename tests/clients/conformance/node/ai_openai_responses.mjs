// The Vercel AI SDK with its OpenAI provider, responses: what it uses unless told otherwise.
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";
import { Client, KEY, URL_ } from "./conformance.mjs";
import { common } from "./ai_checks.mjs";

const client = new Client("Vercel AI SDK, OpenAI responses", "@ai-sdk/openai");
const openai = createOpenAI({ baseURL: `${URL_}/v1`, apiKey: KEY });
common(client, (ask, words) => openai.responses(ask.model(words)), { stops: false });

client.check("responses", async (ask) => {
  const asked = (prompt, previousResponseId) =>
    generateText({
      model: openai.responses(ask.model("echo")),
      prompt,
      maxRetries: 0,
      providerOptions: { openai: { previousResponseId } },
    });
  const first = await asked(`My name is Ada. ${ask.marker}`);
  const { responseId } = first.providerMetadata.openai;
  assert.equal((await asked(ask.question, responseId)).text, ask.question);
  await ask.carried("My name is Ada.");
});

await client.run();
