"""The official google-genai SDK against a Surefoot, unmodified but for the base URL: `google_sdk.py BASE_URL`."""

import sys

from google import genai
from google.genai import errors, types

base_url = sys.argv[1]
client = genai.Client(api_key="unused", http_options=types.HttpOptions(base_url=base_url))
question = "How does Surefoot check a citation?"

# A whole answer, and the same streamed.
answer = client.models.generate_content(model="answer", contents=question)
assert "passage" in answer.text, answer
assert answer.candidates[0].finish_reason == types.FinishReason.STOP
assert answer.usage_metadata.total_token_count > 0
pieces = list(client.models.generate_content_stream(model="answer", contents=question))
assert "".join(piece.text or "" for piece in pieces) == answer.text
assert sum(1 for piece in pieces if piece.candidates and piece.candidates[0].finish_reason) == 1

# Tools, from a provider in this process.
weather = types.FunctionDeclaration(
    name="weather",
    description="The weather.",
    parameters=types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"]),
)
config = types.GenerateContentConfig(
    tools=[types.Tool(function_declarations=[weather])],
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    temperature=0.2,
    max_output_tokens=100,
    system_instruction="Be brief.",
)
called = client.models.generate_content(model="sim/tool", contents=question, config=config)
assert called.function_calls[0].name == "weather" and "city" in called.function_calls[0].args, called
streamed = client.models.generate_content_stream(model="sim/tool", contents=question, config=config)
calls = [call for piece in streamed for call in piece.function_calls or []]
assert [call.args for call in calls] == [called.function_calls[0].args]

# A conversation.
chat = client.chats.create(model="sim/echo")
assert chat.send_message("hello").text and chat.send_message("again").text
assert len(chat.get_history()) == 4

# Counts, vectors and models.
assert client.models.count_tokens(model="answer", contents=question).total_tokens > 0
vectors = client.models.embed_content(model="local/static", contents=["one text", "another text"])
assert [len(one.values) for one in vectors.embeddings] == [256, 256]
assert "models/answer" in [model.name for model in client.models.list()]
assert client.models.get(model="answer").name == "models/answer"

# Faults have the SDK's own types.
try:
    client.models.generate_content(model="no-such-model", contents=question)
    raise AssertionError("an unknown model was accepted")
except errors.ClientError as error:
    assert error.code == 404 and error.status == "NOT_FOUND" and "no-such-model" in error.message, error

print("ok")
