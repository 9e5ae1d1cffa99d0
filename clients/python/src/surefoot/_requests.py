"""What is asked of the server, apart from how it is sent: the same for programs that wait and for those that do not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ._answer import Function

BASE_URL = "http://127.0.0.1:4141"
Messages = Sequence[Mapping[str, Any]]


@dataclass
class Request:
    """A request, not yet sent."""

    method: str
    path: str
    json: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def connection(base_url: str | None, api_key: str | None) -> tuple[str, dict[str, str]]:
    """The address and the headers of every request. What is not given is taken from the environment."""
    base = base_url or os.environ.get("SUREFOOT_URL") or BASE_URL
    key = api_key or os.environ.get("SUREFOOT_API_KEY")
    headers = {"user-agent": "surefoot-python/0.1.0"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    return base.rstrip("/").removesuffix("/v1"), headers


def name_of(function: str | Function[Any, Any], variant: str | None) -> str:
    name = function.name if isinstance(function, Function) else function
    return f"{name}@{variant}" if variant else name


def call(
    function: str | Function[Any, Any],
    question: str | Messages | None,
    *,
    input: Mapping[str, Any] | None,
    variant: str | None,
    session: str | None,
    user: str | None,
    tags: Mapping[str, str] | None,
    extra: Mapping[str, Any] | None,
    stream: bool,
) -> Request:
    messages: Messages = [{"role": "user", "content": question}] if isinstance(question, str) else question or []
    told: dict[str, Any] = {"input": input, "session": session, "tags": tags}
    told = {name: value for name, value in told.items() if value is not None}
    body: dict[str, Any] = {"model": name_of(function, variant), "messages": messages, **(extra or {})}
    if stream:
        body["stream"] = True
    if user is not None:
        body["user"] = user
    if told:
        body["surefoot"] = told
    return Request("POST", "/v1/chat/completions", body)


def feedback(trace_id: str, metric: str, value: bool | float | str) -> Request:
    return Request("POST", "/api/feedback", {"trace_id": trace_id, "metric": metric, "value": value})


def search(query: str, knowledge: str | None, limit: int | None) -> Request:
    asked = {"query": query, "knowledge": knowledge, "limit": limit}
    arguments = {name: value for name, value in asked.items() if value is not None}
    call = {"name": "search_knowledge", "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    return Request("POST", "/mcp", body, headers={"accept": "application/json, text/event-stream"})


def get(path: str, **params: Any) -> Request:
    return Request("GET", path, params={name: value for name, value in params.items() if value is not None})


def one(path: str, name: str, what: str = "") -> Request:
    return Request("GET", f"{path}/{quote(name, safe='')}{what}")


def key_create(fields: Mapping[str, Any]) -> Request:
    return Request("POST", "/api/keys", dict(fields))


def key_change(key: str, what: str, body: Mapping[str, Any] | None = None) -> Request:
    return Request("POST", f"/api/keys/{quote(key, safe='')}/{what}", None if body is None else dict(body))


def user_erase(user: str) -> Request:
    return Request("DELETE", f"/api/users/{quote(user, safe='')}")
