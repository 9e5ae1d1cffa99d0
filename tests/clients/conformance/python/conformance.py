"""What every client's program shares: models behind each dialect, what reached the provider, and how a check is told.

A program prints a line of JSON for each check: its feature, what stood behind it, how it went and why. A check fails by
raising; it returns a text where something could not be carried and Surefoot said so.
"""

import json
import os
import sys
import time
import traceback
import urllib.request
import uuid
from importlib.metadata import version

URL = os.environ["SUREFOOT_URL"]
KEY = os.environ["CONFORMANCE_KEY"]
LIMITED = os.environ["CONFORMANCE_LIMITED"]
SIM = os.environ["SIM_URL"]
ONLY = os.environ.get("CONFORMANCE_ONLY", "")
BEHIND = ("chat", "responses", "anthropic", "gemini", "bedrock")

# A picture of one pixel, and the beginning of a PDF.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKMSAwIG9iago8PCAvVHlwZSAvQ2F0YWxvZyA+PgplbmRvYmoK"
PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
DOCUMENTED = "How long is the warranty?"


class Ask:
    """One check behind one dialect."""

    def __init__(self, behind):
        self.behind = behind
        # Stands in the question, so that the request is known again at the provider.
        self.marker = f"marker-{uuid.uuid4().hex[:12]}"
        self.question = f"Is anybody there? {self.marker}"

    def model(self, words):
        # LiteLLM takes a model that begins with `responses/` for a request of its own.
        return f"{'resp' if self.behind == 'responses' else self.behind}/{words}"

    def sent(self, nth=-1):
        """The body that reached the provider, as text."""
        wanted = [request for request in fetch(f"{SIM}/sim/requests")["requests"] if self.marker in json.dumps(request)]
        assert wanted, f"no request with {self.marker} reached the provider"
        return json.dumps(wanted[nth]["body"], ensure_ascii=False)

    def carried(self, *texts):
        """That all of these stand in what reached the provider."""
        sent = self.sent()
        for text in texts:
            # Google's SDK writes bytes in the alphabet for addresses, as its API takes them.
            assert str(text) in sent or str(text).replace("+", "-").replace("/", "_") in sent, f"{text!r} did not reach the provider: {sent[:600]}"

    def carried_or_told(self, field, *texts):
        """The same, or that the request's trace names the field as dropped: what is then told."""
        sent = self.sent()
        if all(str(text) in sent for text in texts):
            return None
        dropped = self.trace_dropped()
        assert any(field in name for name in dropped), f"{field!r} was neither carried nor told: {dropped}, {sent[:600]}"
        return f"`{field}` is told as dropped"

    def trace(self):
        """The newest trace whose question has the marker."""
        for _ in range(100):
            for trace in fetch(f"{URL}/api/traces?limit=20")["traces"]:
                if self.marker in (trace["question"] or ""):
                    return fetch(f"{URL}/api/traces/{trace['id']}")
            time.sleep(0.05)
        raise AssertionError("the request has no trace")

    def trace_dropped(self):
        return dropped(self.trace())


def dropped(value):
    if isinstance(value, dict):
        own = value.get("dropped")
        return (own if isinstance(own, list) else []) + [name for inner in value.values() for name in dropped(inner)]
    if isinstance(value, list):
        return [name for inner in value for name in dropped(inner) if not isinstance(inner, str)]
    return []


def fetch(url):
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def refused(kinds, call):
    """The error of one of these kinds that the call ends in."""
    try:
        call()
    except kinds as error:
        return error
    raise AssertionError("it was accepted")


def tell(**what):
    print(json.dumps(what), flush=True)


class Client:
    """A client under test: its checks, and their outcome."""

    def __init__(self, name, package):
        self.name, self.version = name, version(package)
        self.checks = []

    def check(self, feature, behind=BEHIND):
        def add(check):
            self.checks.append((feature, behind, check))
            return check

        return add

    def run(self):
        tell(client=self.name, version=self.version)
        for feature, behind, check in self.checks:
            if ONLY and ONLY not in feature:
                continue
            for provider in behind:
                outcome, reason = attempt(check, Ask(provider))
                tell(client=self.name, feature=feature, behind=provider, outcome=outcome, reason=reason)


def attempt(check, ask):
    try:
        told = check(ask)
    except BaseException as error:  # noqa: BLE001: whatever goes wrong in a client is an outcome
        if os.environ.get("CONFORMANCE_TRACE"):
            traceback.print_exc(file=sys.stderr)
        if isinstance(error, KeyboardInterrupt):
            raise
        return "fail", f"{type(error).__name__}: {error}"[:500]
    return ("told", told) if told else ("pass", None)
