// The official MCP SDK for TypeScript, over streamable HTTP and over the standard streams.
import assert from "node:assert/strict";
import { Client as Session } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client, DOCUMENTED, KEY, URL_, refused } from "./conformance.mjs";

const client = new Client("mcp (TypeScript)", "@modelcontextprotocol/sdk");
const { SUREFOOT, SUREFOOT_PROJECT, SUREFOOT_DATA } = process.env;

async function session(behind, key = KEY) {
  const opened = new Session({ name: "conformance", version: "1.0.0" });
  const headers = { authorization: `Bearer ${key}` };
  const args = ["mcp", "--project", SUREFOOT_PROJECT, "--data", SUREFOOT_DATA];
  const transport =
    behind === "HTTP"
      ? new StreamableHTTPClientTransport(new URL(`${URL_}/mcp`), { requestInit: { headers } })
      : new StdioClientTransport({ command: SUREFOOT, args, env: process.env });
  await opened.connect(transport);
  return opened;
}

const BOTH = ["HTTP", "standard streams"];
const check = (feature, asked) =>
  client.check(feature, async (ask) => {
    const opened = await session(ask.behind);
    try {
      await asked(opened);
    } finally {
      await opened.close();
    }
  }, BOTH);

check("list tools", async (opened) => {
  const { tools } = await opened.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).sort(), ["answer", "search_knowledge"]);
});

check("call a function", async (opened) => {
  const answered = await opened.callTool({ name: "answer", arguments: { question: DOCUMENTED } });
  assert.match(answered.content[0].text, /24 months/);
  assert.equal(answered.structuredContent.surefoot.citations[0].support, "quoted");
});

check("search knowledge", async (opened) => {
  const found = await opened.callTool({ name: "search_knowledge", arguments: { query: "warranty", limit: 1 } });
  assert.equal(found.structuredContent.passages.length, 1);
});

check("errors", async (opened) => {
  const wrong = await opened.callTool({ name: "search_knowledge", arguments: {} });
  assert.ok(wrong.isError);
});

client.check("a wrong key", async () => {
  const error = await refused(Error, () => session("HTTP", "sk-nobody"));
  assert.match(`${error.name} ${error.message} ${error.code}`, /401|nauthorized/);
}, ["HTTP"]);

await client.run();
