"""The official Anthropic SDK against a Surefoot, unmodified but for the base URL: `anthropic_sdk.py BASE_URL`."""

import sys

from anthropic import Anthropic, BadRequestError, NotFoundError

client = Anthropic(base_url=sys.argv[1], api_key="unused", max_retries=0, _strict_response_validation=True)
question = [{"role": "user", "content": "How does Surefoot check a citation?"}]

raw = client.messages.with_raw_response.create(model="answer", max_tokens=500, messages=question)
trace_id = raw.headers["x-surefoot-trace"]
message = raw.parse()
text = message.content[0].text
assert "passage" in text, text
assert message.stop_reason == "end_turn" and message.usage.output_tokens > 0
assert message.surefoot["trace_id"] == trace_id
assert message.surefoot["citations"][0]["support"] == "quoted"

with client.messages.stream(model="answer", max_tokens=500, messages=question) as stream:
    events = list(stream)
final = stream.get_final_message()
assert final.content[0].text == text, (final.content, text)
assert final.stop_reason == "end_turn"
stops = [event for event in events if event.type == "message_stop"]
assert len(stops) == 1

tools = [
    {
        "name": "weather",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
called = client.messages.create(model="sim/tool", max_tokens=100, messages=question, tools=tools)
assert called.stop_reason == "tool_use"
use = [block for block in called.content if block.type == "tool_use"][0]
assert use.name == "weather" and "city" in use.input, use
with client.messages.stream(model="sim/tool", max_tokens=100, messages=question, tools=tools) as stream:
    streamed = stream.get_final_message()
assert [block.input for block in streamed.content if block.type == "tool_use"] == [use.input]

counted = client.messages.count_tokens(model="answer", messages=question)
assert counted.input_tokens > 0 and counted.surefoot == {"estimated": True}, counted

assert "answer" in [model.id for model in client.models.list()]

try:
    client.messages.create(model="no-such-model", max_tokens=10, messages=question)
    raise AssertionError("an unknown model was accepted")
except NotFoundError as error:
    assert error.body["error"]["type"] == "not_found_error", error.body
try:
    client.messages.create(model="answer", max_tokens=10, messages=[{"role": "king", "content": "x"}])
    raise AssertionError("a malformed request was accepted")
except BadRequestError as error:
    assert error.body["error"]["type"] == "invalid_request_error", error.body

print("ok")
