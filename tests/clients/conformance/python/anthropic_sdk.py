"""Anthropic's own SDK, with strict validation of every answer."""

import json

import anthropic
from anthropic import Anthropic

from conformance import DOCUMENTED, KEY, LIMITED, PDF, PERSON, PIXEL, PLACE, URL, Client, refused

client = Client("anthropic (Python)", "anthropic")
check = client.check
api = Anthropic(base_url=URL, api_key=KEY, max_retries=0, _strict_response_validation=True)
WEATHER = {"name": "weather", "description": "The weather.", "input_schema": PLACE}
CLOCK = {"name": "clock", "description": "The time.", "input_schema": PLACE}


def create(**asked):
    return api.messages.create(**{"max_tokens": 2000, **asked})


def streamed(**asked):
    """The whole message that the SDK puts together, and its events."""
    with api.messages.stream(**{"max_tokens": 2000, **asked}) as stream:
        events = list(stream)
        return stream.get_final_message(), events


def user(content):
    return [{"role": "user", "content": content}]


def of(message, kind):
    return [block for block in message.content if block.type == kind]


@check("chat")
def chat(ask):
    message = create(model=ask.model("echo"), system="Be brief.", messages=user(ask.question))
    assert message.content[0].text == ask.question and message.stop_reason == "end_turn", message
    assert message.id and message.model and message.usage.output_tokens > 0
    ask.carried("Be brief.")


@check("stream")
def stream(ask):
    message, events = streamed(model=ask.model("echo"), messages=user(ask.question))
    assert message.content[0].text == ask.question and message.stop_reason == "end_turn"
    kinds = [event.type for event in events]
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop", kinds
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 1, kinds
    assert kinds.count("content_block_delta") > 3, kinds


@check("usage in streams")
def usage(ask):
    message, _ = streamed(model=ask.model("ok"), messages=user(ask.question))
    whole = create(model=ask.model("ok"), messages=user(ask.question))
    assert message.usage.output_tokens == whole.usage.output_tokens > 0, (message.usage, whole.usage)
    assert message.usage.input_tokens > 0


@check("tools")
def tools(ask):
    asked = {"model": ask.model("tool"), "messages": user(ask.question), "tools": [WEATHER]}
    first = create(**asked)
    use = of(first, "tool_use")[0]
    assert first.stop_reason == "tool_use" and use.name == "weather" and "city" in use.input, first
    message, _ = streamed(**asked)
    assert [block.input for block in of(message, "tool_use")] == [use.input]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "sunny-result"}
    history = [*asked["messages"], {"role": "assistant", "content": first.content}, *user([result])]
    last = create(**{**asked, "messages": history})
    assert last.stop_reason == "end_turn" and of(last, "text")
    ask.carried("sunny-result", "The weather.")


@check("parallel tool calls")
def parallel(ask):
    asked = {"model": ask.model("calls-2"), "messages": user(ask.question), "tools": [WEATHER, CLOCK]}
    first = create(**asked)
    uses = of(first, "tool_use")
    assert [use.name for use in uses] == ["weather", "clock"] and uses[0].id != uses[1].id
    message, events = streamed(**asked)
    assert [use.name for use in of(message, "tool_use")] == ["weather", "clock"]
    assert all("city" in use.input for use in of(message, "tool_use")), message
    kinds = [event.type for event in events]
    assert kinds.count("content_block_stop") == len(message.content), kinds
    results = [{"type": "tool_result", "tool_use_id": use.id, "content": f"result-of-{use.name}"} for use in uses]
    history = [*asked["messages"], {"role": "assistant", "content": first.content}, *user(results)]
    assert create(**{**asked, "messages": history}).stop_reason == "end_turn"
    ask.carried("result-of-weather", "result-of-clock")
    create(**{**asked, "model": ask.model("ok"), "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}})
    words = {"anthropic": '"disable_parallel_tool_use": true'}
    return ask.carried_or_told("parallel", words.get(ask.behind, '"parallel_tool_calls": false'))


@check("tool choice")
def choice(ask):
    asked = {"messages": user(ask.question), "tools": [WEATHER, CLOCK]}
    named = create(model=ask.model("tool"), tool_choice={"type": "tool", "name": "clock"}, **asked)
    assert of(named, "tool_use")[0].name == "clock"
    assert create(model=ask.model("tool"), tool_choice={"type": "any"}, **asked).stop_reason == "tool_use"
    assert create(model=ask.model("tool"), tool_choice={"type": "none"}, **asked).stop_reason == "end_turn"


@check("JSON schema")
def schema(ask):
    wanted = {"format": {"type": "json_schema", "schema": PERSON}}
    answer = create(model=ask.model("json"), messages=user(ask.question), output_config=wanted)
    assert isinstance(json.loads(of(answer, "text")[0].text)["age"], int)
    message, _ = streamed(model=ask.model("json"), messages=user(ask.question), output_config=wanted)
    assert isinstance(json.loads(of(message, "text")[0].text)["age"], int)
    asked = {"model": ask.model("wrong-schema"), "messages": user(ask.question), "output_config": wanted}
    assert refused(anthropic.APIStatusError, lambda: create(**asked)).status_code == 502


@check("images in")
def images(ask):
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    create(model=ask.model("ok"), messages=user([{"type": "image", "source": source}, {"type": "text", "text": ask.question}]))
    ask.carried(PIXEL, "png")


@check("files in")
def files(ask):
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    create(model=ask.model("ok"), messages=user([{"type": "document", "source": source}, {"type": "text", "text": ask.question}]))
    ask.carried(PDF, "pdf")


@check("reasoning")
def reasoning(ask):
    asked = {"model": ask.model("think"), "messages": user(ask.question)}
    answer = create(**asked, thinking={"type": "enabled", "budget_tokens": 1024})
    thought = of(answer, "thinking")[0]
    assert "the thought" in thought.thinking, answer
    words = {"chat": "reasoning_effort", "responses": "reasoning", "bedrock": "reasoningConfig"}
    told = ask.carried_or_told("reasoning", words.get(ask.behind, "thinking"))
    message, _ = streamed(**asked)
    assert of(message, "thinking")[0].thinking == thought.thinking
    # What was thought goes back as it came, signature and all.
    history = [*asked["messages"], {"role": "assistant", "content": answer.content}, *user(f"And now? {ask.marker}")]
    assert create(**{**asked, "messages": history}).stop_reason == "end_turn"
    if ask.behind in ("anthropic", "gemini", "bedrock"):
        ask.carried("c2ltdWxhdGVk")
    return told


@check("prompt caching")
def caching(ask):
    system = [{"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral"}}]
    answer = create(model=ask.model("ok"), system=system, messages=user(ask.question))
    assert answer.usage.cache_read_input_tokens == 0, answer.usage
    words = {"anthropic": '"cache_control"', "bedrock": "cachePoint"}
    return ask.carried_or_told("cache_control", words.get(ask.behind, "never sent"))


@check("stop")
def stop(ask):
    create(model=ask.model("ok"), messages=user(ask.question), stop_sequences=["STOP-HERE"])
    return ask.carried_or_told("stop", "STOP-HERE")


@check("metadata")
def metadata(ask):
    create(model=ask.model("ok"), messages=user(ask.question), metadata={"user_id": "user-of-conformance"})
    assert "user-of-conformance" in json.dumps(ask.trace())


@check("models", behind=("surefoot",))
def models(ask):
    listed = [model.id for model in api.models.list()]
    assert "answer" in listed and "fallback" in listed, listed
    assert api.models.retrieve("answer").id == "answer"


@check("count tokens")
def count(ask):
    few = api.messages.count_tokens(model=ask.model("ok"), messages=user(ask.question)).input_tokens
    many = api.messages.count_tokens(model=ask.model("ok"), messages=user(ask.question * 50)).input_tokens
    assert many > few > 0, (many, few)


@check("errors")
def errors(ask):
    limit = refused(anthropic.RateLimitError, lambda: create(model=ask.model("retry-after-40s"), messages=user(ask.question)))
    assert 1 <= int(limit.response.headers["retry-after"]) <= 40 and limit.body["error"]["type"] == "rate_limit_error", limit.body
    refused(anthropic.BadRequestError, lambda: create(model=ask.model("fail-400"), messages=user(ask.question)))
    refused(anthropic.InternalServerError, lambda: create(model=ask.model("fail-500"), messages=user(ask.question)))
    missing = refused(anthropic.NotFoundError, lambda: create(model="no-such-model", messages=user(ask.question)))
    assert missing.body["error"]["type"] == "not_found_error", missing.body
    malformed = refused(anthropic.BadRequestError, lambda: create(model=ask.model("ok"), messages=[{"role": "king", "content": "x"}]))
    assert malformed.body["error"]["type"] == "invalid_request_error", malformed.body
    stranger = Anthropic(base_url=URL, api_key="sk-nobody", max_retries=0)
    nobody = refused(anthropic.AuthenticationError, lambda: stranger.messages.create(model=ask.model("ok"), max_tokens=9, messages=user("x")))
    assert nobody.body["error"]["type"] == "authentication_error", nobody.body
    limited = Anthropic(base_url=URL, api_key=LIMITED, max_retries=0)
    over = refused(anthropic.RateLimitError, lambda: [limited.messages.create(model=ask.model("ok"), max_tokens=9, messages=user("x")) for _ in range(3)])
    assert int(over.response.headers["retry-after"]) >= 1


@check("a broken stream")
def broken(ask):
    for words in ("words-40+cut-5", "words-40+error-in-stream", "words-40+bad-json"):
        refused(anthropic.APIError, lambda: streamed(model=ask.model(words), messages=user(ask.question)))


@check("citations", behind=("surefoot",))
def citations(ask):
    message = create(model="answer", messages=user(DOCUMENTED))
    assert message.surefoot["citations"][0]["support"] == "quoted", message
    final, _ = streamed(model="answer", messages=user(DOCUMENTED))
    assert final.content[0].text == message.content[0].text


@check("cancel")
def cancel(ask):
    with api.messages.stream(model=ask.model("words-400+gap-50ms"), max_tokens=2000, messages=user(ask.question)) as stream:
        for at, _ in enumerate(stream.text_stream):
            if at == 3:
                break
    assert ask.trace()["outcome"] == "cancelled", ask.trace()["outcome"]


if __name__ == "__main__":
    client.run()
