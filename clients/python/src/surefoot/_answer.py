"""Answers, and what they rest on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from ._faults import Fault, Interrupted, error_of

Input = TypeVar("Input")
Output = TypeVar("Output")


class Function(Generic[Input, Output]):
    """A function of the project with its types, as `surefoot types --py` writes it."""

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(frozen=True)
class Citation:
    """A place in a document that an answer refers to, as it was checked."""

    mark: int
    """The number in the answer, as in `[1]`."""
    document: str
    title: str
    heading_path: list[str]
    start: int
    """The first byte of the quote in the document."""
    end: int
    quote: str
    support: str
    """How well the passage bears the sentence out: `quoted` is word for word."""


@dataclass(frozen=True)
class Passage:
    """A passage that was found."""

    document: str
    title: str | None
    heading_path: list[str]
    start: int
    end: int
    text: str
    score: float


@dataclass
class Answer(Generic[Output]):
    """A function's answer."""

    text: str
    data: Output
    """The answer in its type: JSON that was read where the function has an `output`, else the text."""
    trace_id: str
    function: str | None = None
    variant: str | None = None
    citations: list[Citation] = field(default_factory=list)
    abstained: bool = False
    """It says that the documents do not answer."""
    cost_usd: float | None = None
    """What it cost; `None` where a price is not known."""
    dropped: list[str] = field(default_factory=list)
    """Fields that the provider's API has no place for."""
    cached: bool = False
    finish: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    """The `surefoot` object as it came."""


def answered(text: str, finish: str | None, told: dict[str, Any]) -> Answer[Any]:
    """An answer from its text and its `surefoot` object."""
    names = Citation.__dataclass_fields__
    citations = [Citation(**taken(one, names)) for one in told.get("citations") or []]
    return Answer(
        text=text,
        data=read(text),
        trace_id=told.get("trace_id", ""),
        function=told.get("function"),
        variant=told.get("variant"),
        citations=citations,
        abstained=bool(told.get("abstained")),
        cost_usd=told.get("cost_usd"),
        dropped=told.get("dropped") or [],
        cached=bool(told.get("cached")),
        finish=finish,
        raw=told,
    )


def read(text: str) -> Any:
    """A JSON object or list as data; any other text as it is."""
    if text[:1] not in "{[" or not text:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def whole(body: dict[str, Any]) -> Answer[Any]:
    """An answer that came as a whole."""
    choice = body["choices"][0]
    return answered(choice["message"].get("content") or "", choice.get("finish_reason"), body.get("surefoot") or {})


def passages(body: dict[str, Any]) -> list[Passage]:
    """What a search found."""
    if "error" in body:
        raise Fault(body["error"].get("message", "the search failed"), code=str(body["error"].get("code")))
    result = body["result"]
    if result.get("isError"):
        told = result.get("structuredContent") or {}
        raise Fault(told.get("message", "the search failed"), code=told.get("code"))
    names = Passage.__dataclass_fields__
    found = cast(list[dict[str, Any]], result["structuredContent"]["passages"])
    return [Passage(**taken(one, names)) for one in found]


def taken(told: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Those fields that are known here: the server may tell more."""
    return {name: told.get(name) for name in names}


class Reading:
    """A stream being read, line by line."""

    def __init__(self, trace_id: str | None) -> None:
        self.text = ""
        self.finish: str | None = None
        self.surefoot: dict[str, Any] = {}
        self.ended = False
        self.trace_id = trace_id

    def line(self, line: str) -> str:
        """The words of a line; often none. A fault in the stream is raised."""
        if not line.startswith("data:"):
            return ""
        data = line[5:].strip()
        if data == "[DONE]":
            self.ended = True
            return ""
        error = error_of(data)
        if error:
            trace = error.get("trace_id") or self.trace_id
            raise Interrupted(error.get("message", "the stream failed"), code=error.get("code"), trace_id=trace)
        event = json.loads(data)
        self.surefoot = event.get("surefoot") or self.surefoot
        piece = ""
        for choice in event.get("choices") or []:
            piece += choice.get("delta", {}).get("content") or ""
            self.finish = choice.get("finish_reason") or self.finish
        self.text += piece
        return piece

    def close(self) -> Answer[Any]:
        """The whole answer."""
        if not self.ended:
            raise Interrupted("the stream broke off before its end", trace_id=self.trace_id)
        return answered(self.text, self.finish, self.surefoot)
