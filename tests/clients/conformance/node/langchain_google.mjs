// LangChain's ChatGoogleGenerativeAI for TypeScript.
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { Client, KEY, URL_ } from "./conformance.mjs";
import { common } from "./langchain_checks.mjs";

const client = new Client("LangChain ChatGoogleGenerativeAI (TypeScript)", "@langchain/google-genai");
common(
  client,
  (ask, words) => new ChatGoogleGenerativeAI({ model: ask.model(words), apiKey: KEY, baseUrl: URL_, maxRetries: 0 }),
  { pictures: false },
);
await client.run();
