"""Made by `cargo xtask codegen` from the description of the API. Do not edit."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class BudgetBody(TypedDict):
    """A budget."""

    every: str
    """In which time: `day`, `week`, `month` or `total`."""
    usd: float
    """Dollars, as a number or as a text like `12.50`."""


class BudgetView(TypedDict):
    """A key's own budget."""

    every: str
    """`day`, `week`, `month` or `total`."""
    usd: float
    """Dollars."""


class Certificate(TypedDict):
    """What was erased, for whoever asked for it."""

    at: str
    """Everything of theirs up to this moment is gone."""
    audit_hash: str
    """The hash of that event."""
    audit_number: int
    """The number of the audit event that notes it."""
    counts: dict[str, int]
    """How many of each kind went."""
    documents: list[str]
    """The documents that went, as `knowledge/path`. Where they came from a folder, their files still lie there."""
    number: int
    """The erasure's number."""
    user_hash: str
    """BLAKE3 of the user's name: the name itself is kept nowhere."""


class FeedbackBody(TypedDict):
    """Feedback on a trace, on a part of it, or on a session."""

    metric: str
    """`thumbs`, `comment`, `correction`, `preference`, or a name of your own."""
    session: NotRequired[str | None]
    """The session, where it is about all of it."""
    span: NotRequired[str | None]
    """The part of the trace: a step's name, or an attempt's id."""
    token: NotRequired[str | None]
    """A token that came with the answer, in place of a key. The header `x-surefoot-feedback` may carry it too."""
    trace_id: NotRequired[str | None]
    """The trace that it is about; a token tells it by itself."""
    user: NotRequired[str | None]
    """Who says it; unless told, the trace's end user. Not with a token."""
    value: Any
    """True or false, a number, a text, a choice `{\"chosen\": trace, \"over\": [traces]}`, or null to take back what was said."""


class KeyBody(TypedDict):
    """A key to be made."""

    admin: NotRequired[str | None]
    """The doors that it opens beside those of the models: `none`, `read` or `all`."""
    budget: NotRequired[BudgetBody | None]
    expires: NotRequired[str | None]
    """When it ends: a moment like `2027-01-01T00:00:00Z`."""
    functions: NotRequired[list[str] | None]
    """The functions that it may use; absent: all. A name may end in `*`."""
    keep: NotRequired[str | None]
    """What is kept of its requests: `all`, `redacted`, `metadata` or `nothing`; absent: as the project says."""
    knowledge: NotRequired[list[str] | None]
    """The knowledge that it may use; absent: all. A name may end in `*`."""
    limits: NotRequired[RatesBody]
    """Its own limits a minute."""
    models: NotRequired[list[str] | None]
    """The models that it may use; absent: all. A name may end in `*`."""
    name: str
    """Its name, unlike every other's: 1 to 64 letters, digits, `-`, `_`, `.`."""
    tags: NotRequired[dict[str, str]]
    """Put on every trace of its requests."""
    tenant: NotRequired[str | None]
    """Whose it is."""


KeyView = TypedDict(
    "KeyView",
    {
        "admin": str,
        "budget": NotRequired[BudgetView | None],
        "created": NotRequired[str | None],
        "expires": NotRequired[str | None],
        "from": str,
        "functions": NotRequired[list[str] | None],
        "id": str,
        "keep": NotRequired[str | None],
        "knowledge": NotRequired[list[str] | None],
        "limits": dict[str, Any],
        "models": NotRequired[list[str] | None],
        "name": str,
        "overlap": NotRequired[str | None],
        "revoked": NotRequired[str | None],
        "state": str,
        "tags": dict[str, str],
        "tenant": NotRequired[str | None],
    },
)


class KeyWithSecret(TypedDict):
    """A key with the secret that opens it. It is told in this answer and never again."""

    key: KeyView
    """The key."""
    secret: str
    """The secret: what callers send."""


class RatesBody(TypedDict):
    """Limits a minute; what is absent is not limited."""

    concurrent: NotRequired[int | None]
    """Requests at once."""
    requests: NotRequired[int | None]
    """Requests a minute."""
    tokens: NotRequired[int | None]
    """Tokens a minute, of prompt and answer together."""


class RotateBody(TypedDict):
    """How to rotate."""

    overlap_seconds: NotRequired[int]
    """How long the secret before opens the key too, in seconds, so that callers can be told the new one; 0, the default, ends it at once."""


class Verified(TypedDict):
    """What following the chain found."""

    broken: NotRequired[str | None]
    """Where and how the chain breaks."""
    hash: str
    """Its hash. Note both outside of this system: whoever cuts off the end of the log cannot make them anew."""
    intact: bool
    """Whether every event follows from the one before, up to the end."""
    last: int
    """The number of the last event in the log."""
    number: int
    """The number of the last event; of the last good one where the chain breaks."""
