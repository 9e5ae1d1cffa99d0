"""The official MCP SDK against a Surefoot, over HTTP and over the standard streams: `mcp_sdk.py BASE_URL`."""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters

QUESTION = "How does Surefoot check a citation?"


async def check(server):
    async with Client(server) as client:
        assert client.server_info.name == "surefoot", client.server_info
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"answer", "search_knowledge"}, tools
        assert "question" in tools["answer"].input_schema["properties"], tools["answer"]

        answered = await client.call_tool("answer", {"question": QUESTION})
        assert not answered.is_error, answered
        assert "passage" in answered.content[0].text, answered
        surefoot = answered.structured_content["surefoot"]
        assert surefoot["trace_id"].startswith("tr_") and surefoot["citations"][0]["support"] == "quoted", surefoot

        found = await client.call_tool("search_knowledge", {"query": "citation", "limit": 3})
        passages = found.structured_content["passages"]
        assert len(passages) == 3 and passages[0]["document"].endswith(".md"), found

        wrong = await client.call_tool("answer", {"question": 7})
        assert wrong.is_error and "question" in wrong.content[0].text, wrong
        unknown = await client.call_tool("local/extract", {"question": QUESTION})
        assert unknown.is_error and "local/extract" in unknown.content[0].text, unknown


async def main():
    await check(f"{sys.argv[1]}/mcp")
    arguments = ["mcp", "--project", os.environ["SUREFOOT_PROJECT"], "--data", os.environ["SUREFOOT_DATA"]]
    await check(StdioServerParameters(command=os.environ["SUREFOOT"], args=arguments))


asyncio.run(main())
print("ok")
