// LangChain's ChatOpenAI for TypeScript.
import assert from "node:assert/strict";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { Client, KEY, URL_ } from "./conformance.mjs";
import { common } from "./langchain_checks.mjs";

const client = new Client("LangChain ChatOpenAI (TypeScript)", "@langchain/openai");
const configuration = { baseURL: `${URL_}/v1` };
const llm = (ask, words, said = {}) =>
  new ChatOpenAI({ model: ask.model(words), apiKey: KEY, maxRetries: 0, configuration, ...said });
common(client, llm);

client.check("responses", async (ask) => {
  const answer = await llm(ask, "echo", { useResponsesApi: true }).invoke(ask.question);
  assert.equal(answer.text, ask.question);
});

client.check("embeddings", async (ask) => {
  const model = ask.behind === "local" ? "local/static" : ask.model("ok");
  const [one, another] = await new OpenAIEmbeddings({ model, apiKey: KEY, configuration, maxRetries: 0 }).embedDocuments(["one", "another"]);
  assert.ok(one.length > 0 && one.length === another.length);
  assert.notDeepEqual(one, another);
}, ["chat", "gemini", "local"]);

await client.run();
