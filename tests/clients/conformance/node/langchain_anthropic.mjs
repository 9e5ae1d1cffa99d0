// LangChain's ChatAnthropic for TypeScript.
import { ChatAnthropic } from "@langchain/anthropic";
import { Client, KEY, URL_ } from "./conformance.mjs";
import { common } from "./langchain_checks.mjs";

const client = new Client("LangChain ChatAnthropic (TypeScript)", "@langchain/anthropic");
common(
  client,
  (ask, words) =>
    new ChatAnthropic({ model: ask.model(words), apiKey: KEY, anthropicApiUrl: URL_, maxRetries: 0, maxTokens: 2000 }),
);
await client.run();
