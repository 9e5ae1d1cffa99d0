"""Makes src/surefoot/_async.py from _sync.py: the two differ in how they wait, and in nothing else."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent / "src/surefoot"


def made(text: str) -> str:
    text = text.replace("The client for programs that wait for each answer.", "The client for asyncio. Made from _sync.py by make_async.py. Do not edit.")
    text = re.sub(r"\bSurefoot\b", "AsyncSurefoot", text).replace("A AsyncSurefoot", "A Surefoot")
    text = re.sub(r"\bStream\b", "AsyncStream", text)
    text = text.replace("httpx.Client", "httpx.AsyncClient").replace("Iterator", "AsyncIterator")
    text = text.replace("__enter__", "__aenter__").replace("__exit__", "__aexit__").replace("__iter__", "__aiter__")
    for name in ("call", "feedback", "search", "traces", "trace", "why", "runs", "run", "spend", "budgets", "keys", "key_create", "key_rotate", "key_revoke", "user_erase", "close", "__aenter__", "__aiter__", "__aexit__", "_send"):
        text = re.sub(rf"(\n    )def {name}\(", rf"\1async def {name}(", text)
    text = text.replace("self._send(", "(await self._send(").replace("def (await self._send(", "def _send(")
    text = closed(text)
    text = text.replace("self._http.close()", "await self._http.aclose()")
    text = re.sub(r"(\S*response)\.close\(\)", r"await \1.aclose()", text)
    text = text.replace("self.close()", "await self.close()")
    text = text.replace("response.read()", "await response.aread()").replace("for line in response.iter_lines()", "async for line in response.aiter_lines()")
    text = text.replace("= self._http.send(", "= await self._http.send(").replace("= self._client._http.send(", "= await self._client._http.send(")
    return text.replace("read within `with`", "read within `async with`")


def closed(text: str) -> str:
    """Closes the bracket that `(await self._send(` opened."""
    mark, out = "(await self._send(", ""
    while mark in text:
        before, _, after = text.partition(mark)
        depth, at = 1, 0
        while depth:
            depth += {"(": 1, ")": -1}.get(after[at], 0)
            at += 1
        out += before + mark + after[:at] + ")"
        text = after[at:]
    return out + text


if __name__ == "__main__":
    fresh, kept = made((HERE / "_sync.py").read_text()), HERE / "_async.py"
    if "--check" in sys.argv[1:]:
        sys.exit(None if kept.read_text() == fresh else "_async.py is stale: run make_async.py")
    kept.write_text(fresh)
