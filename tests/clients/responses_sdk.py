"""OpenAI's responses by the official SDK against a Surefoot: `responses_sdk.py BASE_URL`."""

import sys

from openai import BadRequestError, NotFoundError, OpenAI

base_url = sys.argv[1]
client = OpenAI(base_url=f"{base_url}/v1", api_key="unused", max_retries=0, _strict_response_validation=True)
question = "How does Surefoot check a citation?"

# A whole response: kept, cited, and the same when it is asked for again.
whole = client.responses.create(
    model="answer", input=question, instructions="Be brief.", metadata={"app": "test"}, user="anna"
)
assert whole.id.startswith("resp_") and whole.status == "completed", whole
assert "passage" in whole.output_text, whole.output_text
assert (whole.instructions, whole.metadata, whole.store) == ("Be brief.", {"app": "test"}, True), whole
note = whole.output[-1].content[0].annotations[0]
assert note.type == "file_citation" and note.filename.endswith(".md") and note.file_id.startswith("doc_"), note
assert whole.output_text[note.index] == "[", note
assert whole.surefoot["citations"][0]["support"] == "quoted"
assert client.responses.retrieve(whole.id).output_text == whole.output_text
items = client.responses.input_items.list(whole.id)
assert [item.content[0].text for item in items.data] == [question], items

# Streamed: every event in its order, and the same text.
kinds, text, final, notes = [], "", None, 0
for event in client.responses.create(model="answer", input=question, stream=True):
    kinds.append(event.type)
    if event.type == "response.output_text.delta":
        text += event.delta
    notes += event.type == "response.output_text.annotation.added"
    final = getattr(event, "response", final)
assert kinds[:4] == [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
], kinds
assert kinds[-4:] == [
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
], kinds
assert text == whole.output_text == final.output_text and notes == len(final.output[-1].content[0].annotations) > 0
assert client.responses.retrieve(final.id).output_text == text
with client.responses.stream(model="answer", input=question) as stream:
    assert stream.get_final_response().output_text == text

# A conversation that goes on from a kept response, whoever answers.
first = client.responses.create(model="sim/echo", input="my name is Ada")
second = client.responses.create(model="sim/echo", input="and now?", previous_response_id=first.id)
assert second.previous_response_id == first.id
third = client.responses.create(model="sim/echo", previous_response_id=second.id, input=[{"role": "user", "content": "?"}])
assert third.usage.input_tokens > second.usage.input_tokens > first.usage.input_tokens, (third.usage, first.usage)
# Items of a kept response can be referred to.
referred = client.responses.create(
    model="sim/echo",
    input=[{"type": "item_reference", "id": first.output[-1].id}, {"role": "user", "content": "again"}],
)
assert referred.status == "completed"

# A tool call, and its result by way of the kept response.
tools = [{"type": "function", "name": "weather", "strict": False, "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]
called = client.responses.create(model="sim/tool", input="What is the weather?", tools=tools)
call = [item for item in called.output if item.type == "function_call"][0]
assert call.name == "weather"
result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
assert client.responses.create(model="sim/echo", input=[result], previous_response_id=called.id, tools=tools).id

# What is not kept cannot be had, and what was deleted is gone.
passing = client.responses.create(model="sim/echo", input="hi", store=False)
assert passing.store is False
client.responses.delete(first.id)
for missing in [passing.id, first.id, "resp_nothing"]:
    try:
        client.responses.retrieve(missing)
        raise AssertionError(f"{missing} is still there")
    except NotFoundError as error:
        assert error.response.headers["x-surefoot-trace"].startswith("tr_")
try:
    client.responses.create(model="sim/echo", input="hi", previous_response_id=second.id)
    raise AssertionError("a conversation with a hole was gone on with")
except NotFoundError as error:
    assert error.param == "previous_response_id" and first.id in error.message, error
try:
    client.responses.create(model="sim/echo", input="hi", background=True)
    raise AssertionError("an answer in the background was promised")
except BadRequestError as error:
    assert error.param == "background", error

print("ok")
