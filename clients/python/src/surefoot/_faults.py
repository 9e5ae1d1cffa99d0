"""What goes wrong, each kind with a class of its own."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any


class Fault(Exception):
    """A request that was not answered. `str()` says what is wrong and what to do."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
        trace_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status; `None` where there was no answer, or after a stream had begun."""
        self.code = code
        """What kind of fault it is, in a word."""
        self.param = param
        """Which field of the request is wrong."""
        self.trace_id = trace_id
        """Where the request's trace is: `surefoot why TRACE`."""
        self.retry_after = retry_after
        """After how many seconds it may be asked again."""


class Unauthenticated(Fault):
    """There was no key, or a wrong one."""


class Forbidden(Fault):
    """The key may not do this, or a guard refused the prompt."""


class NotFound(Fault):
    """There is no such thing, or it is somebody else's."""


class Limited(Fault):
    """A limit or a budget is reached. `retry_after` says when to come back, where that is known."""


class Interrupted(Fault):
    """A stream ended before its answer did. What came of it is not the whole answer."""


class Unreachable(Fault):
    """There was no answer at all."""


KINDS: dict[int, type[Fault]] = {401: Unauthenticated, 403: Forbidden, 404: NotFound, 429: Limited}


def fault(status: int, headers: Mapping[str, str], body: str) -> Fault:
    """The fault that a response tells."""
    told = error_of(body)
    return KINDS.get(status, Fault)(
        told.get("message") or f"the server answered with status {status}: {body[:200]}",
        status=status,
        code=told.get("code"),
        param=told.get("param"),
        trace_id=told.get("trace_id") or headers.get("x-surefoot-trace"),
        retry_after=_wait(headers),
    )


def _wait(headers: Mapping[str, str]) -> float | None:
    """The seconds until it may be asked again: a proxy may tell a date, or what is neither, which says nothing."""
    told = headers.get("retry-after", "")
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = _number(told)
    return _until(told) if seconds is None else seconds


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def error_of(body: str) -> dict[str, Any]:
    """The `error` object of a body, empty where there is none."""
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, dict) else {}
