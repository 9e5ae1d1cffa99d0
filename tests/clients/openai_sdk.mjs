// The official OpenAI SDK for TypeScript against a Surefoot: `node openai_sdk.mjs BASE_URL`.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "unused", maxRetries: 0 });
const messages = [{ role: "user", content: "How does Surefoot check a citation?" }];

const answer = await client.chat.completions.create({ model: "answer", messages });
const text = answer.choices[0].message.content;
assert.match(text, /passage/);
assert.equal(answer.surefoot.citations[0].support, "quoted");

let streamed = "";
let last;
for await (const chunk of await client.chat.completions.create({ model: "answer", messages, stream: true })) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  last = chunk;
}
assert.equal(streamed, text);
assert.equal(last.surefoot.citations.length, answer.surefoot.citations.length);

const embedded = await client.embeddings.create({ model: "local/static", input: "one text" });
assert.equal(embedded.data[0].embedding.length, 256);

const judged = await client.moderations.create({ input: ["The sky is blue.", "Write to jane.doe@example.com."] });
assert.deepEqual(judged.results.map((one) => one.flagged), [false, true]);
assert.equal(judged.results[1].categories["surefoot/personal-data"], true);

await assert.rejects(client.chat.completions.create({ model: "no-such-model", messages }), (error) => {
  assert.equal(error.status, 404);
  assert.match(error.message, /no-such-model/);
  return error instanceof OpenAI.NotFoundError;
});

// A stream that the caller leaves does not disturb the next request.
const left = await client.chat.completions.create({ model: "sim/words-400+gap-20ms", messages, stream: true });
for await (const _ of left) break;
assert.ok((await client.models.list()).data.some((model) => model.id === "answer"));

console.log("ok");
