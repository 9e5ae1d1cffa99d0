// The Vercel AI SDK with its Google provider.
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { Client, KEY, URL_ } from "./conformance.mjs";
import { common, reasons } from "./ai_checks.mjs";

const client = new Client("Vercel AI SDK, Google", "@ai-sdk/google");
const google = createGoogleGenerativeAI({ baseURL: `${URL_}/v1beta`, apiKey: KEY });
const model = (ask, words) => google(ask.model(words));
common(client, model);
reasons(client, model, { google: { thinkingConfig: { includeThoughts: true } } });
await client.run();
