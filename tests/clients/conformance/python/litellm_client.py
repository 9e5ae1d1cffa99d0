"""LiteLLM's SDK: its `openai/` and `anthropic/` routes against a Surefoot."""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

from conformance import KEY, PERSON, PIXEL, PLACE, URL, Client, refused

client = Client("LiteLLM SDK (Python)", "litellm")
check = client.check
litellm.telemetry, litellm.suppress_debug_info = False, True
WEATHER = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": PLACE}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time.", "parameters": PLACE}}


def create(ask, words, route="openai", **said):
    base = f"{URL}/v1" if route == "openai" else URL
    said = {"messages": [{"role": "user", "content": ask.question}], **said}
    return litellm.completion(model=f"{route}/{ask.model(words)}", api_base=base, api_key=KEY, num_retries=0, max_retries=0, **said)


ROUTES = ("openai", "anthropic")


@check("chat")
def chat(ask):
    for route in ROUTES:
        answer = create(ask, "echo", route, max_tokens=500)
        assert answer.choices[0].message.content == ask.question and answer.usage.total_tokens > 0, (route, answer)


@check("stream")
def stream(ask):
    for route in ROUTES:
        chunks = list(create(ask, "echo", route, stream=True, max_tokens=500))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == ask.question, route


@check("usage in streams")
def usage(ask):
    for route in ROUTES:
        chunks = list(create(ask, "ok", route, stream=True, stream_options={"include_usage": True}, max_tokens=500))
        told = [chunk.usage for chunk in chunks if getattr(chunk, "usage", None)]
        assert told and told[-1].completion_tokens > 0, (route, told)


@check("tools")
def tools(ask):
    for route in ROUTES:
        first = create(ask, "tool", route, tools=[WEATHER], max_tokens=500).choices[0]
        call = first.message.tool_calls[0]
        assert call.function.name == "weather" and "city" in json.loads(call.function.arguments), (route, first)
        result = {"role": "tool", "tool_call_id": call.id, "content": "sunny-result"}
        history = [{"role": "user", "content": ask.question}, first.message.model_dump(exclude_none=True), result]
        assert create(ask, "tool", route, messages=history, tools=[WEATHER], max_tokens=500).choices[0].message.content
        ask.carried("sunny-result")


@check("parallel tool calls")
def parallel(ask):
    for route in ROUTES:
        first = create(ask, "calls-2", route, tools=[WEATHER, CLOCK], max_tokens=500).choices[0].message
        assert [call.function.name for call in first.tool_calls] == ["weather", "clock"], (route, first)


@check("tool choice")
def choice(ask):
    for route in ROUTES:
        named = {"type": "function", "function": {"name": "clock"}}
        first = create(ask, "tool", route, tools=[WEATHER, CLOCK], tool_choice=named, max_tokens=500).choices[0]
        assert first.message.tool_calls[0].function.name == "clock", (route, first)


@check("JSON schema")
def schema(ask):
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    answer = create(ask, "json", response_format=wanted)
    assert isinstance(json.loads(answer.choices[0].message.content)["age"], int)


@check("images in")
def images(ask):
    for route in ROUTES:
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        content = [{"type": "text", "text": ask.question}, picture]
        create(ask, "ok", route, messages=[{"role": "user", "content": content}], max_tokens=500)
        ask.carried(PIXEL)


@check("reasoning")
def reasoning(ask):
    for route in ROUTES:
        answer = create(ask, "think", route, max_tokens=500)
        assert "the thought" in (answer.choices[0].message.reasoning_content or ""), (route, answer)


@check("stop")
def stop(ask):
    create(ask, "ok", stop=["STOP-HERE"])
    return ask.carried_or_told("stop", "STOP-HERE")


@check("embeddings", behind=("chat", "gemini", "local"))
def embeddings(ask):
    model = "local/static" if ask.behind == "local" else ask.model("ok")
    answer = litellm.embedding(model=f"openai/{model}", input=["one", "another"], api_base=f"{URL}/v1", api_key=KEY, encoding_format="float")
    assert len(answer.data) == 2 and answer.data[0]["embedding"] != answer.data[1]["embedding"]


@check("errors")
def errors(ask):
    for route in ROUTES:
        refused(litellm.RateLimitError, lambda: create(ask, "retry-after-40s", route, max_tokens=500))
        refused(litellm.BadRequestError, lambda: create(ask, "fail-400", route, max_tokens=500))
        refused(litellm.NotFoundError, lambda: litellm.completion(model=f"{route}/no-such-model", messages=[{"role": "user", "content": "x"}], api_base=f"{URL}/v1" if route == "openai" else URL, api_key=KEY, num_retries=0, max_retries=0, max_tokens=9))
        refused(Exception, lambda: list(create(ask, "words-40+cut-5", route, stream=True, max_tokens=500)))


if __name__ == "__main__":
    client.run()
