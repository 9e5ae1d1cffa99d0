// OpenAI's files and vector stores by the official SDK for TypeScript against a Surefoot: `node files_sdk.mjs BASE_URL`.
import assert from "node:assert/strict";
import OpenAI, { NotFoundError, toFile } from "openai";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: "unused", maxRetries: 0 });
const named = (name, text) => toFile(Buffer.from(text), name);
const tides = "# Tides\n\nThe tide rises twice a day in this harbour.\n";

const file = await client.files.create({ file: await named("tides.md", tides), purpose: "assistants" });
assert.equal(file.filename, "tides.md");
assert.equal(await (await client.files.content(file.id)).text(), tides);

const store = await client.vectorStores.create({ name: "Harbour" });
const first = await client.vectorStores.files.createAndPoll(
  store.id,
  { file_id: file.id, attributes: { kind: "tide" } },
  { pollIntervalMs: 50 },
);
assert.equal(first.status, "completed");
const second = await client.vectorStores.files.uploadAndPoll(store.id, await named("ropes.md", "A rope of the harbour."), {
  pollIntervalMs: 50,
});
assert.equal(second.status, "completed");
const batch = await client.vectorStores.fileBatches.uploadAndPoll(
  store.id,
  { files: [await named("bells.txt", "The harbour bell rings at noon.")] },
  { pollIntervalMs: 50 },
);
assert.equal(batch.file_counts.completed, 1);

const found = await client.vectorStores.search(store.id, { query: "when does the bell ring" });
assert.equal(found.data[0].filename, "bells.txt");
const filtered = await client.vectorStores.search(store.id, {
  query: "harbour",
  filters: { type: "eq", key: "kind", value: "tide" },
});
assert.deepEqual(filtered.data.map((one) => one.filename), ["tides.md"]);

const all = [];
for await (const one of client.vectorStores.files.list(store.id, { limit: 1, order: "asc" })) all.push(one.id);
assert.equal(all.length, 3);
assert.equal((await client.vectorStores.delete(store.id)).deleted, true);
await assert.rejects(() => client.vectorStores.retrieve(store.id), NotFoundError);
for (const one of all) await client.files.delete(one);
console.log("ok");
