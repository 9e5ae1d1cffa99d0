"""The official MCP SDK, over streamable HTTP and over the standard streams."""

import asyncio
import os

from mcp import Client as Session
from mcp import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from conformance import DOCUMENTED, KEY, URL, Client

client = Client("mcp (Python)", "mcp")
check = client.check


def over_http(key=KEY):
    return streamable_http_client(f"{URL}/mcp", http_client=create_mcp_http_client(headers={"authorization": f"Bearer {key}"}))


def over_streams():
    arguments = ["mcp", "--project", os.environ["SUREFOOT_PROJECT"], "--data", os.environ["SUREFOOT_DATA"]]
    return StdioServerParameters(command=os.environ["SUREFOOT"], args=arguments, env=dict(os.environ))


async def asked(server, *calls):
    async with Session(server) as session:
        return [await call(session) for call in calls]


def ask_with(server, *calls):
    return asyncio.run(asked(server, *calls))


SERVERS = {"HTTP": over_http, "standard streams": over_streams}


@check("list tools", behind=tuple(SERVERS))
def tools(ask):
    (listed,) = ask_with(SERVERS[ask.behind](), lambda session: session.list_tools())
    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == {"answer", "search_knowledge"}, tools
    assert "question" in tools["answer"].input_schema["properties"], tools["answer"]


@check("call a function", behind=tuple(SERVERS))
def call(ask):
    (answered,) = ask_with(SERVERS[ask.behind](), lambda session: session.call_tool("answer", {"question": DOCUMENTED}))
    assert not answered.is_error and "24 months" in answered.content[0].text, answered
    assert answered.structured_content["surefoot"]["citations"][0]["support"] == "quoted", answered


@check("search knowledge", behind=tuple(SERVERS))
def search(ask):
    (found,) = ask_with(SERVERS[ask.behind](), lambda session: session.call_tool("search_knowledge", {"query": "warranty", "limit": 1}))
    passages = found.structured_content["passages"]
    assert len(passages) == 1 and passages[0]["document"].endswith(".md"), found


@check("errors", behind=tuple(SERVERS))
def errors(ask):
    wrong, unknown = ask_with(
        SERVERS[ask.behind](),
        lambda session: session.call_tool("answer", {"question": 7}),
        lambda session: session.call_tool("no-such-tool", {}),
    )
    assert wrong.is_error and "question" in wrong.content[0].text, wrong
    assert unknown.is_error and "no-such-tool" in unknown.content[0].text, unknown


@check("a wrong key", behind=("HTTP",))
def wrong_key(ask):
    try:
        ask_with(over_http("sk-nobody"), lambda session: session.list_tools())
    except BaseException as error:  # noqa: BLE001: a group of whatever its tasks raised
        assert "error response" in describe(error), describe(error)
        return
    raise AssertionError("it was accepted")


def describe(error):
    return " ".join([repr(error), *(describe(inner) for inner in getattr(error, "exceptions", []))])


if __name__ == "__main__":
    client.run()
