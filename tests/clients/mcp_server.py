"""A server of tools by the official MCP SDK, over the standard streams."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("sums")


@server.tool()
def add(a: int, b: int) -> str:
    """Adds two numbers."""
    return f"the sum of {a} and {b} is {a + b}"


@server.tool()
def forbidden(a: int) -> str:
    """Nobody may call this."""
    raise AssertionError("it was called")


server.run()
