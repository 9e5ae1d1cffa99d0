// The official google-genai SDK for TypeScript against a Surefoot: `node google_sdk.mjs BASE_URL`.
import assert from "node:assert/strict";
import { ApiError, GoogleGenAI, Type } from "@google/genai";

const baseUrl = process.argv[2];
const client = new GoogleGenAI({ apiKey: "unused", httpOptions: { baseUrl } });
const contents = "How does Surefoot check a citation?";

const answer = await client.models.generateContent({ model: "answer", contents });
assert.match(answer.text, /passage/);
let streamed = "";
for await (const piece of await client.models.generateContentStream({ model: "answer", contents })) {
  streamed += piece.text ?? "";
}
assert.equal(streamed, answer.text);

const weather = {
  name: "weather",
  parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } }, required: ["city"] },
};
const config = { tools: [{ functionDeclarations: [weather] }] };
const called = await client.models.generateContent({ model: "sim/tool", contents, config });
assert.equal(called.functionCalls[0].name, "weather");

assert.ok((await client.models.countTokens({ model: "answer", contents })).totalTokens > 0);
const { embeddings } = await client.models.embedContent({ model: "local/static", contents: ["one", "two"] });
assert.deepEqual(embeddings.map((one) => one.values.length), [256, 256]);
await assert.rejects(client.models.generateContent({ model: "no-such-model", contents }), (error) => {
  return error instanceof ApiError && error.status === 404;
});

// Without `alt=sse` a stream is one JSON array.
const path = "/v1beta/models/answer:streamGenerateContent?key=unused";
const body = JSON.stringify({ contents: [{ role: "user", parts: [{ text: contents }] }] });
const response = await fetch(baseUrl + path, { method: "POST", body });
assert.equal(response.headers.get("content-type"), "application/json");
const pieces = await response.json();
const text = pieces.flatMap((piece) => piece.candidates?.[0]?.content?.parts ?? []).map((part) => part.text ?? "");
assert.equal(text.join(""), answer.text);

console.log("ok");
