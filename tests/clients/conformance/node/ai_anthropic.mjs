// The Vercel AI SDK with its Anthropic provider.
import { createAnthropic } from "@ai-sdk/anthropic";
import { Client, KEY, URL_ } from "./conformance.mjs";
import { common, reasons } from "./ai_checks.mjs";

const client = new Client("Vercel AI SDK, Anthropic", "@ai-sdk/anthropic");
const anthropic = createAnthropic({ baseURL: `${URL_}/v1`, apiKey: KEY });
const model = (ask, words) => anthropic(ask.model(words));
// Of a model that it does not know it asks for JSON by a tool.
common(client, model, { json: "tool" });
reasons(client, model, { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } });
await client.run();
