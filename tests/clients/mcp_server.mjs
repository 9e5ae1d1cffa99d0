// A server of tools by the official MCP SDK for TypeScript, over streamable HTTP. Tells its port on its first line.
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

function tools() {
  const server = new McpServer({ name: "words", version: "1" });
  server.registerTool("upper", { description: "Puts a text in capitals.", inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: "text", text: `in capitals: ${text.toUpperCase()}` }],
  }));
  server.registerTool("fail", { description: "Fails.", inputSchema: {} }, () => ({
    content: [{ type: "text", text: "it failed on purpose" }],
    isError: true,
  }));
  return server;
}

const listener = createServer(async (request, response) => {
  if (request.headers["x-team"] !== "tests") {
    response.writeHead(403).end();
    return;
  }
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  response.on("close", () => transport.close());
  await tools().connect(transport);
  await transport.handleRequest(request, response);
});
listener.listen(0, "127.0.0.1", () => console.log(listener.address().port));
