// The MCP inspector, without its window: `mcp-inspector --cli`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Client, DOCUMENTED, KEY, URL_ } from "./conformance.mjs";

const client = new Client("MCP inspector", "@modelcontextprotocol/inspector");
const program = new URL("./node_modules/.bin/mcp-inspector", import.meta.url).pathname;

function inspect(...args) {
  const common = ["--cli", `${URL_}/mcp`, "--transport", "http", "--header", `authorization: Bearer ${KEY}`];
  return JSON.parse(execFileSync(process.execPath, [program, ...common, ...args], { encoding: "utf8", timeout: 60_000 }));
}

client.check("list tools", () => {
  const names = inspect("--method", "tools/list").tools.map((tool) => tool.name);
  assert.deepEqual(names.sort(), ["answer", "search_knowledge"]);
}, ["HTTP"]);

client.check("call a function", () => {
  const answered = inspect("--method", "tools/call", "--tool-name", "answer", "--tool-arg", `question=${DOCUMENTED}`);
  assert.match(answered.content[0].text, /24 months/);
}, ["HTTP"]);

await client.run();
