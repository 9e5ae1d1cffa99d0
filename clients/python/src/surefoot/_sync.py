"""The client for programs that wait for each answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack, cast, overload

import httpx

from . import _requests as requests
from ._answer import Answer, Function, Passage, Reading, passages, whole
from ._api import Certificate, KeyBody, KeyView, KeyWithSecret
from ._faults import Unreachable, fault
from ._requests import Messages, Request

Input = TypeVar("Input")
Output = TypeVar("Output")


class Surefoot:
    """A Surefoot, by its address: `SUREFOOT_URL` and `SUREFOOT_API_KEY` where nothing is given."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 600.0,
        http_client: httpx.Client | None = None,
    ) -> None:
        base, self._headers = requests.connection(base_url, api_key)
        self._base = base
        self._http = http_client or httpx.Client(timeout=timeout)
        self._own = http_client is None

    @overload
    def call(
        self, function: Function[Input, Output], question: str | Messages | None = None, *, input: Input = ...,
        variant: str | None = None, session: str | None = None, user: str | None = None,
        tags: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None,
    ) -> Answer[Output]: ...

    @overload
    def call(
        self, function: str, question: str | Messages | None = None, *, input: Mapping[str, Any] | None = None,
        variant: str | None = None, session: str | None = None, user: str | None = None,
        tags: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None,
    ) -> Answer[Any]: ...

    def call(
        self, function: Any, question: str | Messages | None = None, *, input: Any = None,
        variant: str | None = None, session: str | None = None, user: str | None = None,
        tags: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None,
    ) -> Answer[Any]:
        """Calls a function. `question` is a text or a conversation; `input` its typed inputs; `extra` further fields of the
        request, such as `temperature`."""
        asked = requests.call(
            function, question, input=input, variant=variant, session=session, user=user, tags=tags, extra=extra,
            stream=False,
        )
        return whole(self._send(asked))

    @overload
    def stream(
        self, function: Function[Input, Output], question: str | Messages | None = None, *, input: Input = ...,
        variant: str | None = None, session: str | None = None, user: str | None = None,
        tags: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None,
    ) -> Stream[Output]: ...

    @overload
    def stream(
        self, function: str, question: str | Messages | None = None, *, input: Mapping[str, Any] | None = None,
        variant: str | None = None, session: str | None = None, user: str | None = None,
        tags: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None,
    ) -> Stream[Any]: ...

    def stream(
        self, function: Any, question: str | Messages | None = None, *, input: Any = None,
        variant: str | None = None, session: str | None = None, user: str | None = None,
        tags: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None,
    ) -> Stream[Any]:
        """The same, piece by piece: a context manager over the pieces. Leaving it early cancels the request."""
        asked = requests.call(
            function, question, input=input, variant=variant, session=session, user=user, tags=tags, extra=extra,
            stream=True,
        )
        return Stream(self, asked)

    def feedback(self, trace_id: str, metric: str, value: bool | float | str) -> str:
        """Keeps feedback on a trace: `thumbs`, `comment`, `correction`, or a metric of your own. Gives its id."""
        return cast(str, self._send(requests.feedback(trace_id, metric, value))["id"])

    def search(self, query: str, *, knowledge: str | None = None, limit: int | None = None) -> list[Passage]:
        """Passages of the documents, best first, as far as the key may see them."""
        return passages(self._send(requests.search(query, knowledge, limit)))

    def traces(
        self, *, asked: str | None = None, outcome: str | None = None, session: str | None = None,
        key: str | None = None, tenant: str | None = None, user: str | None = None, text: str | None = None,
        before: str | None = None, limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Summaries of traces, newest first. Needs a key with `admin = "read"`, as all below does."""
        request = requests.get(
            "/api/traces", asked=asked, outcome=outcome, session=session, key=key, tenant=tenant, user=user, text=text,
            before=before, limit=limit,
        )
        return cast(list[dict[str, Any]], self._send(request)["traces"])

    def trace(self, trace_id: str) -> dict[str, Any]:
        """A whole trace, with its feedback."""
        return self._send(requests.one("/api/traces", trace_id))

    def why(self, trace_id: str) -> dict[str, Any]:
        """Why a request went as it did, in words."""
        return self._send(requests.one("/api/traces", trace_id, "/why"))

    def runs(self) -> list[dict[str, Any]]:
        """Eval runs, newest first."""
        return cast(list[dict[str, Any]], self._send(requests.get("/api/evals"))["runs"])

    def run(self, run_id: str) -> dict[str, Any]:
        """An eval run with its cases."""
        return self._send(requests.one("/api/evals", run_id))

    def spend(
        self, by: str = "all", *, name: str | None = None, since: str | None = None, until: str | None = None,
        step: str | None = None,
    ) -> list[dict[str, Any]]:
        """What was spent, by `all`, `key`, `tenant`, `user`, `function`, `model` or `tag:NAME`."""
        request = requests.get("/api/spend", by=by, name=name, since=since, until=until, step=step)
        return cast(list[dict[str, Any]], self._send(request)["rows"])

    def budgets(self) -> list[dict[str, Any]]:
        """How every budget stands."""
        return cast(list[dict[str, Any]], self._send(requests.get("/api/budgets"))["budgets"])

    def keys(self) -> list[KeyView]:
        """All keys. Needs a key with `admin = "all"`, as all below does."""
        return cast(list[KeyView], self._send(requests.get("/api/keys"))["keys"])

    def key_create(self, **fields: Unpack[KeyBody]) -> KeyWithSecret:
        """Makes a key. Its secret is told once."""
        return cast(KeyWithSecret, self._send(requests.key_create(fields)))

    def key_rotate(self, key: str, *, overlap_seconds: int | None = None) -> KeyWithSecret:
        """Gives a key a new secret; the one before goes on for so long."""
        body = {} if overlap_seconds is None else {"overlap_seconds": overlap_seconds}
        return cast(KeyWithSecret, self._send(requests.key_change(key, "rotate", body)))

    def key_revoke(self, key: str) -> KeyView:
        """Ends a key."""
        return cast(KeyView, self._send(requests.key_change(key, "revoke")))

    def user_erase(self, user: str) -> Certificate:
        """Erases everything of an end user."""
        return cast(Certificate, self._send(requests.user_erase(user)))

    def close(self) -> None:
        """Closes its connections."""
        if self._own:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _built(self, asked: Request) -> httpx.Request:
        headers = {**self._headers, **asked.headers}
        return self._http.build_request(
            asked.method, self._base + asked.path, json=asked.json, params=asked.params or None, headers=headers
        )

    def _send(self, asked: Request) -> dict[str, Any]:
        try:
            response = self._http.send(self._built(asked))
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._base} cannot be reached: {error}") from error
        if response.is_error:
            raise fault(response.status_code, response.headers, response.text)
        return cast(dict[str, Any], response.json())


class Stream(Generic[Output]):
    """An answer being streamed."""

    def __init__(self, client: Surefoot, asked: Request) -> None:
        self._client, self._asked = client, asked
        self._response: httpx.Response | None = None
        self._answer: Answer[Output] | None = None

    def __enter__(self) -> Self:
        try:
            response = self._client._http.send(self._client._built(self._asked), stream=True)
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._client._base} cannot be reached: {error}") from error
        self._response = response
        if response.is_error:
            response.read()
            response.close()
            raise fault(response.status_code, response.headers, response.text)
        return self

    def __iter__(self) -> Iterator[str]:
        response = self._response
        if response is None:
            raise RuntimeError("a stream is read within `with`")
        reading = Reading(response.headers.get("x-surefoot-trace"))
        try:
            for line in response.iter_lines():
                if piece := reading.line(line):
                    yield piece
        except httpx.HTTPError:
            # What is missing is told below.
            reading.ended = False
        self._answer = reading.close()

    @property
    def answer(self) -> Answer[Output]:
        """The whole answer, once every piece has come."""
        if self._answer is None:
            raise RuntimeError("the stream was not read to its end")
        return self._answer

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._response is not None:
            self._response.close()
