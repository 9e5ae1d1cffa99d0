"""Client for Surefoot: what the OpenAI SDK has no words for."""

from ._answer import Answer, Citation, Function, Passage
from ._async import AsyncSurefoot, AsyncStream
from ._faults import Fault, Forbidden, Interrupted, Limited, NotFound, Unauthenticated, Unreachable
from ._sync import Stream, Surefoot

__all__ = [
    "Answer",
    "AsyncStream",
    "AsyncSurefoot",
    "Citation",
    "Fault",
    "Forbidden",
    "Function",
    "Interrupted",
    "Limited",
    "NotFound",
    "Passage",
    "Stream",
    "Surefoot",
    "Unauthenticated",
    "Unreachable",
]
