// OpenAI's responses by the official SDK for TypeScript against a Surefoot: `node responses_sdk.mjs BASE_URL`.
import assert from "node:assert/strict";
import OpenAI, { NotFoundError } from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "unused", maxRetries: 0 });
const input = "How does Surefoot check a citation?";

const whole = await client.responses.create({ model: "answer", input });
assert.match(whole.output_text, /passage/);
const [note] = whole.output.at(-1).content[0].annotations;
assert.equal(note.type, "file_citation");
assert.equal(whole.output_text[note.index], "[");
assert.equal((await client.responses.retrieve(whole.id)).output_text, whole.output_text);
const items = await client.responses.inputItems.list(whole.id);
assert.equal(items.data[0].content[0].text, input);

let text = "";
let final;
for await (const event of await client.responses.create({ model: "answer", input, stream: true })) {
  if (event.type === "response.output_text.delta") text += event.delta;
  if (event.type === "response.completed") final = event.response;
}
assert.equal(text, whole.output_text);
assert.equal(final.surefoot.citations.length, whole.surefoot.citations.length);
const stream = client.responses.stream({ model: "answer", input });
assert.equal((await stream.finalResponse()).output_text, text);

const next = await client.responses.create({ model: "sim/echo", input: "on", previous_response_id: final.id });
assert.equal(next.previous_response_id, final.id);
await client.responses.delete(final.id);
await assert.rejects(client.responses.retrieve(final.id), NotFoundError);

console.log("ok");
