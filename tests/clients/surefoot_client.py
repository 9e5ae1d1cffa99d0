"""The client for Python against a running Surefoot: `surefoot_client.py BASE_URL`, with the client's source on the path."""

import asyncio
import sys

import surefoot
from surefoot import AsyncSurefoot, Function, Surefoot

base_url = sys.argv[1]
QUESTION = "How does Surefoot check a citation?"
ANSWER: Function[dict, str] = Function("answer")


def refused(kind, call):
    try:
        call()
    except kind as fault:
        return fault
    raise AssertionError("it was accepted")


with Surefoot(base_url) as client:
    answer = client.call(ANSWER, QUESTION, session="s-1", user="anna", tags={"app": "test"})
    assert "passage" in answer.text and answer.data == answer.text and answer.finish == "stop", answer
    assert answer.function == "answer" and answer.citations[0].support == "quoted" and not answer.abstained, answer
    assert client.call("answer", "What is the capital of Australia?").abstained
    conversation = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "1"}, {"role": "user", "content": "two"}]
    assert client.call("sim/echo", conversation, extra={"temperature": 0}).text == "two"
    shape = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}}
    assert client.call("sim/json", "count", extra={"response_format": shape}).data == {"n": 0}

    with client.stream(ANSWER, QUESTION) as stream:
        pieces = list(stream)
    assert len(pieces) > 1 and "".join(pieces) == answer.text == stream.answer.text
    assert stream.answer.citations[0].quote == answer.citations[0].quote
    with client.stream("sim/words-200+gap-20ms", "go on") as stream:
        for piece in stream:
            break
    refused(RuntimeError, lambda: stream.answer)

    def broken(words):
        with client.stream(words, "hello") as stream:
            list(stream)

    cut = refused(surefoot.Interrupted, lambda: broken("sim/words-40+cut-5"))
    assert cut.trace_id.startswith("tr_"), cut

    assert client.feedback(answer.trace_id, "thumbs", True).startswith("fb_")
    trace = client.trace(answer.trace_id)
    assert (trace["session"], trace["user"], trace["tags"]) == ("s-1", "anna", {"app": "test"}), trace
    assert trace["feedback"][0]["metric"] == "thumbs", trace
    assert client.why(answer.trace_id)["because"]
    assert client.traces(session="s-1", limit=5)[0]["id"] == answer.trace_id
    found = client.search("citation", limit=2)
    assert len(found) == 2 and found[0].document.endswith(".md") and found[0].score >= found[1].score
    assert client.runs() == [] and isinstance(client.spend("function"), list) and client.budgets() == []

    made = client.key_create(name="app", functions=["answer"], models=[])
    mine = Surefoot(base_url, made["secret"])
    assert mine.call("answer", QUESTION).citations
    assert refused(surefoot.Forbidden, lambda: mine.call("sim/ok", "hello")).status == 403
    assert [key["name"] for key in client.keys()] == ["app"]
    assert client.key_rotate("app", overlap_seconds=60)["secret"] != made["secret"]
    assert client.key_revoke("app")["state"] == "revoked"
    assert client.user_erase("anna")["counts"]

    missing = refused(surefoot.NotFound, lambda: client.call("no-such-function", "hello"))
    assert "no-such-function" in str(missing) and missing.trace_id.startswith("tr_"), missing
    limited = refused(surefoot.Limited, lambda: client.call("sim/retry-after-40s", "hello"))
    assert 1 <= limited.retry_after <= 40 and limited.status == 429, limited
    refused(surefoot.NotFound, lambda: client.feedback("tr_01jd8n6y4vq0t2x5w9zk3m7c1f", "thumbs", True))
    refused(surefoot.Fault, lambda: client.search("citation", knowledge="no-such-knowledge"))
    refused(surefoot.Unreachable, lambda: Surefoot("http://127.0.0.1:1").call("answer", "hello"))


async def at_once():
    async with AsyncSurefoot(base_url) as client:
        first, second = await asyncio.gather(client.call("answer", QUESTION), client.call("sim/echo", "two"))
        assert first.citations and second.text == "two"
        async with client.stream("answer", QUESTION) as stream:
            pieces = [piece async for piece in stream]
        assert "".join(pieces) == stream.answer.text == first.text
        try:
            await client.trace("tr_01jd8n6y4vq0t2x5w9zk3m7c1f")
            raise AssertionError("it was found")
        except surefoot.NotFound:
            pass


asyncio.run(at_once())
print("ok")
