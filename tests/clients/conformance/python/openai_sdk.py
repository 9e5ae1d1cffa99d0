"""OpenAI's own SDK, chat completions and what stands beside them, with strict validation of every answer."""

import json
import time

import openai
from openai import OpenAI
from pydantic import BaseModel

from conformance import DOCUMENTED, KEY, LIMITED, PDF, PERSON, PIXEL, PLACE, URL, Client, refused

client = Client("openai (Python)", "openai")
check = client.check
api = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, _strict_response_validation=True)
create = api.chat.completions.create
WEATHER = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": PLACE}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time.", "parameters": PLACE}}


def user(text):
    return [{"role": "user", "content": text}]


def streamed(**asked):
    return list(create(stream=True, **asked))


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@check("chat")
def chat(ask):
    answer = create(model=ask.model("echo"), messages=[{"role": "system", "content": "Be brief."}, *user(ask.question)])
    assert answer.choices[0].message.content == ask.question, answer
    assert answer.choices[0].finish_reason == "stop" and answer.id and answer.model, answer
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    ask.carried("Be brief.")


@check("stream")
def stream(ask):
    chunks = streamed(model=ask.model("echo"), messages=user(ask.question))
    assert text_of(chunks) == ask.question and len(chunks) > 4
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].id, [chunk.id for chunk in chunks]
    assert not any(chunk.usage for chunk in chunks), "usage that nobody asked for"


@check("usage in streams")
def usage(ask):
    chunks = streamed(model=ask.model("ok"), messages=user(ask.question), stream_options={"include_usage": True})
    assert sum(chunk.usage is not None for chunk in chunks) == 1 and chunks[-1].choices == [], chunks[-1]
    whole = create(model=ask.model("ok"), messages=user(ask.question))
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens > 0, (chunks[-1].usage, whole.usage)


@check("tools")
def tools(ask):
    asked = {"model": ask.model("tool"), "messages": user(ask.question), "tools": [WEATHER]}
    first = create(**asked).choices[0]
    assert first.finish_reason == "tool_calls" and len(first.message.tool_calls) == 1
    call = first.message.tool_calls[0]
    assert call.function.name == "weather" and isinstance(json.loads(call.function.arguments)["city"], str)
    chunks = streamed(**asked)
    parts = [part for c in chunks if c.choices for part in c.choices[0].delta.tool_calls or []]
    assert "".join(part.function.arguments or "" for part in parts) == call.function.arguments
    assert [part.id for part in parts if part.id] and parts[0].function.name == "weather"
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny-result"}
    last = create(**{**asked, "messages": [*asked["messages"], first.message.model_dump(exclude_none=True), result]})
    assert last.choices[0].finish_reason == "stop" and last.choices[0].message.content
    ask.carried("sunny-result", "The weather.")


@check("parallel tool calls")
def parallel(ask):
    asked = {"model": ask.model("calls-2"), "messages": user(ask.question), "tools": [WEATHER, CLOCK]}
    first = create(**asked).choices[0].message
    assert [call.function.name for call in first.tool_calls] == ["weather", "clock"], first
    assert len({call.id for call in first.tool_calls}) == 2
    calls = {}
    for chunk in streamed(**asked):
        for part in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            name, arguments = calls.get(part.index, ("", ""))
            calls[part.index] = (name + (part.function.name or ""), arguments + (part.function.arguments or ""))
    assert [name for name, _ in calls.values()] == ["weather", "clock"], calls
    assert all("city" in json.loads(arguments) for _, arguments in calls.values()), calls
    results = [{"role": "tool", "tool_call_id": c.id, "content": f"result-of-{c.function.name}"} for c in first.tool_calls]
    history = [*asked["messages"], first.model_dump(exclude_none=True), *results]
    assert create(**{**asked, "messages": history}).choices[0].finish_reason == "stop"
    ask.carried("result-of-weather", "result-of-clock")
    create(**{**asked, "model": ask.model("ok"), "parallel_tool_calls": False})
    words = {"chat": '"parallel_tool_calls": false', "responses": '"parallel_tool_calls": false'}
    words["anthropic"] = '"disable_parallel_tool_use": true'
    return ask.carried_or_told("parallel_tool_calls", words.get(ask.behind, "never sent"))


@check("tool choice")
def choice(ask):
    asked = {"messages": user(ask.question), "tools": [WEATHER, CLOCK]}
    named = {"type": "function", "function": {"name": "clock"}}
    answer = create(model=ask.model("tool"), tool_choice=named, **asked).choices[0]
    assert answer.message.tool_calls[0].function.name == "clock"
    required = create(model=ask.model("tool"), tool_choice="required", **asked).choices[0]
    assert required.finish_reason == "tool_calls"
    none = create(model=ask.model("tool"), tool_choice="none", **asked).choices[0]
    assert none.finish_reason == "stop" and not none.message.tool_calls


class Person(BaseModel):
    name: str
    age: int


@check("JSON schema")
def schema(ask):
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    answer = create(model=ask.model("json"), messages=user(ask.question), response_format=wanted)
    assert isinstance(json.loads(answer.choices[0].message.content)["age"], int)
    parsed = api.chat.completions.parse(model=ask.model("json"), messages=user(ask.question), response_format=Person)
    assert isinstance(parsed.choices[0].message.parsed, Person)
    chunks = streamed(model=ask.model("json"), messages=user(ask.question), response_format=wanted)
    assert isinstance(json.loads(text_of(chunks))["age"], int)
    error = refused(openai.APIStatusError, lambda: create(model=ask.model("wrong-schema"), messages=user(ask.question), response_format=wanted))
    assert error.status_code == 502, error


@check("images in")
def images(ask):
    parts = [{"type": "text", "text": ask.question}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]
    assert create(model=ask.model("ok"), messages=[{"role": "user", "content": parts}]).choices[0].message.content
    ask.carried(PIXEL, "png")


@check("files in")
def files(ask):
    data = f"data:application/pdf;base64,{PDF}"
    parts = [{"type": "text", "text": ask.question}, {"type": "file", "file": {"filename": "paper.pdf", "file_data": data}}]
    assert create(model=ask.model("ok"), messages=[{"role": "user", "content": parts}]).choices[0].message.content
    ask.carried(PDF, "pdf")


@check("reasoning")
def reasoning(ask):
    asked = {"model": ask.model("think"), "messages": user(ask.question)}
    answer = create(**asked)
    message = answer.choices[0].message
    assert "the thought" in (getattr(message, "reasoning_content", None) or ""), message
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0 or ask.behind in ("anthropic", "bedrock")
    thought = "".join(getattr(c.choices[0].delta, "reasoning_content", None) or "" for c in streamed(**asked) if c.choices)
    assert thought == message.reasoning_content
    create(**asked, reasoning_effort="low")
    words = {"anthropic": "thinking", "gemini": "thinking", "bedrock": "thinking"}
    return ask.carried_or_told("reasoning", words.get(ask.behind, '"low"'))


@check("prompt caching")
def caching(ask):
    part = {"type": "text", "text": f"A long text. {ask.marker}", "cache_control": {"type": "ephemeral"}}
    answer = create(model=ask.model("ok"), messages=[{"role": "system", "content": [part]}, *user(ask.question)])
    assert answer.usage.prompt_tokens_details.cached_tokens == 0
    create(model=ask.model("ok"), messages=user(ask.question), prompt_cache_key="key-of-the-cache")
    return ask.carried_or_told("prompt_cache_key", "key-of-the-cache")


@check("stop")
def stop(ask):
    create(model=ask.model("ok"), messages=user(ask.question), stop=["STOP-HERE"])
    return ask.carried_or_told("stop", "STOP-HERE")


@check("seed")
def seed(ask):
    create(model=ask.model("ok"), messages=user(ask.question), seed=424242)
    return ask.carried_or_told("seed", 424242)


@check("logprobs")
def logprobs(ask):
    try:
        answer = create(model=ask.model("ok"), messages=user(ask.question), logprobs=True, top_logprobs=2)
    except openai.BadRequestError as error:
        assert "logprobs" in error.message, error
        return "refused: `logprobs`"
    if answer.choices[0].logprobs is None:
        assert "logprobs" in answer.surefoot["dropped"], answer
        return "`logprobs` is told as dropped"
    tokens = answer.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == answer.choices[0].message.content
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens), tokens[0]


@check("n")
def several(ask):
    try:
        answer = create(model=ask.model("ok"), messages=user(ask.question), n=2)
    except openai.BadRequestError as error:
        assert error.param == "n", error
        return "refused: `n`"
    if len(answer.choices) == 1 and "n" in (answer.surefoot.get("dropped") or []):
        return "`n` is told as dropped"
    assert [choice.index for choice in answer.choices] == [0, 1], answer
    chunks = streamed(model=ask.model("ok"), messages=user(ask.question), n=2)
    texts = {0: "", 1: ""}
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert all(texts.values()), texts


@check("metadata")
def metadata(ask):
    create(model=ask.model("ok"), messages=user(ask.question), metadata={"app": "conformance-tag"}, user="user-of-conformance")
    trace = ask.trace()
    assert "user-of-conformance" in json.dumps(trace), trace
    return ask.carried_or_told("metadata", "conformance-tag")


@check("embeddings", behind=("chat", "gemini", "local"))
def embeddings(ask):
    model = "local/static" if ask.behind == "local" else ask.model("ok")
    answer = api.embeddings.create(model=model, input=["one", "another"], encoding_format="float")
    assert [one.index for one in answer.data] == [0, 1] and answer.data[0].embedding != answer.data[1].embedding
    lenient = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
    again = lenient.embeddings.create(model=model, input=["one", "another"])
    assert all(abs(a - b) < 1e-5 for a, b in zip(answer.data[1].embedding, again.data[1].embedding))


@check("models", behind=("surefoot",))
def models(ask):
    listed = [model.id for model in api.models.list()]
    assert "answer" in listed and "fallback" in listed, listed
    assert api.models.retrieve("answer").id == "answer"


@check("moderations", behind=("chat", "local"))
def moderations(ask):
    model = "local/moderation" if ask.behind == "local" else ask.model("ok")
    answer = api.moderations.create(model=model, input=["How do I bake bread?"])
    assert len(answer.results) == 1 and answer.results[0].flagged is False, answer


@check("responses")
def responses(ask):
    first = api.responses.create(model=ask.model("echo"), input=f"My name is Ada. {ask.marker}", instructions="Be brief.", metadata={"app": "test"})
    assert first.output_text == f"My name is Ada. {ask.marker}" and first.status == "completed", first
    second = api.responses.create(model=ask.model("echo"), input=ask.question, previous_response_id=first.id)
    assert second.output_text == ask.question
    ask.carried("My name is Ada.")
    assert api.responses.retrieve(second.id).output_text == ask.question
    parsed = api.responses.parse(model=ask.model("json"), input=ask.question, text_format=Person)
    assert isinstance(parsed.output_parsed, Person)
    tool = {"type": "function", "name": "weather", "parameters": PLACE, "strict": True}
    called = api.responses.create(model=ask.model("tool"), input=ask.question, tools=[tool])
    call = [item for item in called.output if item.type == "function_call"][0]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny-result"}
    last = api.responses.create(model=ask.model("tool"), input=[result], previous_response_id=called.id, tools=[tool])
    assert last.output_text
    ask.carried("sunny-result")
    thought = api.responses.create(model=ask.model("think"), input=ask.question)
    kinds = [item.type for item in thought.output]
    assert kinds == ["reasoning", "message"], kinds


@check("responses, streamed")
def responses_streamed(ask):
    events = list(api.responses.create(model=ask.model("echo"), input=ask.question, stream=True))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"] and kinds[-1] == "response.completed", kinds
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == ask.question
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.output_text == ask.question
    with api.responses.stream(model=ask.model("json"), input=ask.question, text_format=Person) as stream:
        assert isinstance(stream.get_final_response().output_parsed, Person)
    with api.responses.stream(model=ask.model("think"), input=ask.question) as stream:
        assert [item.type for item in stream.get_final_response().output] == ["reasoning", "message"]


@check("errors")
def errors(ask):
    limit = refused(openai.RateLimitError, lambda: create(model=ask.model("retry-after-40s"), messages=user(ask.question)))
    assert 1 <= int(limit.response.headers["retry-after"]) <= 40, limit.response.headers
    refused(openai.BadRequestError, lambda: create(model=ask.model("fail-400"), messages=user(ask.question)))
    refused(openai.InternalServerError, lambda: create(model=ask.model("fail-500"), messages=user(ask.question)))
    missing = refused(openai.NotFoundError, lambda: create(model="no-such-model", messages=user(ask.question)))
    assert missing.response.headers["x-surefoot-trace"].startswith("tr_")
    malformed = refused(openai.BadRequestError, lambda: create(model=ask.model("ok"), messages="hello"))
    assert malformed.param == "messages", malformed
    stranger = OpenAI(base_url=f"{URL}/v1", api_key="sk-nobody", max_retries=0)
    refused(openai.AuthenticationError, lambda: stranger.chat.completions.create(model=ask.model("ok"), messages=user("x")))
    limited = OpenAI(base_url=f"{URL}/v1", api_key=LIMITED, max_retries=0)
    over = refused(openai.RateLimitError, lambda: [limited.chat.completions.create(model=ask.model("ok"), messages=user("x")) for _ in range(3)])
    assert int(over.response.headers["retry-after"]) >= 1


@check("a broken stream")
def broken(ask):
    for words in ("words-40+cut-5", "words-40+error-in-stream", "words-40+bad-json"):
        refused((openai.APIError, json.JSONDecodeError), lambda: streamed(model=ask.model(words), messages=user(ask.question)))


@check("citations", behind=("surefoot",))
def citations(ask):
    answer = create(model="answer", messages=user(DOCUMENTED))
    citation = answer.surefoot["citations"][0]
    assert citation["document"].endswith(".md") and citation["support"] == "quoted", citation
    chunks = streamed(model="answer", messages=user(DOCUMENTED))
    assert chunks[-1].surefoot["citations"][0]["quote"] == citation["quote"]


@check("cancel")
def cancel(ask):
    stream = create(model=ask.model("words-400+gap-50ms"), messages=user(ask.question), stream=True)
    for at, _ in enumerate(stream):
        if at == 3:
            break
    stream.close()
    assert ask.trace()["outcome"] == "cancelled", ask.trace()["outcome"]


if __name__ == "__main__":
    client.run()
