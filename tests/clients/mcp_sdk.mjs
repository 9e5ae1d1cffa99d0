// The official MCP SDK for TypeScript against a Surefoot: `node mcp_sdk.mjs BASE_URL`.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const client = new Client({ name: "test", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(`${process.argv[2]}/mcp`)));
assert.equal(client.getServerVersion().name, "surefoot");

const { tools } = await client.listTools();
assert.deepEqual(tools.map((tool) => tool.name).sort(), ["answer", "search_knowledge"]);

const answered = await client.callTool({ name: "answer", arguments: { question: "How does Surefoot check a citation?" } });
assert.match(answered.content[0].text, /passage/);
assert.equal(answered.structuredContent.surefoot.citations[0].support, "quoted");

const found = await client.callTool({ name: "search_knowledge", arguments: { query: "citation", limit: 2 } });
assert.equal(found.structuredContent.passages.length, 2);

const wrong = await client.callTool({ name: "search_knowledge", arguments: {} });
assert.ok(wrong.isError);
await client.close();
console.log("ok");
