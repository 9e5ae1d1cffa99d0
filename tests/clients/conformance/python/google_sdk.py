"""Google's own SDK (google-genai), whose types are validated as it reads them."""

import base64
import json

from google import genai
from google.genai import errors as api_errors
from google.genai import types

from conformance import KEY, LIMITED, PDF, PERSON, PIXEL, PLACE, URL, Client, refused

client = Client("google-genai (Python)", "google-genai")
check = client.check


def connected(key):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=URL))


api = connected(KEY)
generate, stream_of = api.models.generate_content, api.models.generate_content_stream
WEATHER = types.FunctionDeclaration(name="weather", description="The weather.", parameters_json_schema=PLACE)
CLOCK = types.FunctionDeclaration(name="clock", description="The time.", parameters_json_schema=PLACE)
BY_HAND = types.AutomaticFunctionCallingConfig(disable=True)


def config(**said):
    return types.GenerateContentConfig(automatic_function_calling=BY_HAND, **said)


def with_tools(*tools, **said):
    return config(tools=[types.Tool(function_declarations=list(tools))], **said)


def text_of(pieces):
    return "".join(piece.text or "" for piece in pieces)


@check("chat")
def chat(ask):
    answer = generate(model=ask.model("echo"), contents=ask.question, config=config(system_instruction="Be brief."))
    assert answer.text == ask.question and answer.candidates[0].finish_reason == types.FinishReason.STOP, answer
    assert answer.usage_metadata.total_token_count > 0 and answer.response_id and answer.model_version, answer
    ask.carried("Be brief.")


@check("stream")
def stream(ask):
    pieces = list(stream_of(model=ask.model("echo"), contents=ask.question))
    assert text_of(pieces) == ask.question and len(pieces) > 3
    assert sum(1 for piece in pieces if piece.candidates and piece.candidates[0].finish_reason) == 1


@check("usage in streams")
def usage(ask):
    pieces = list(stream_of(model=ask.model("ok"), contents=ask.question))
    whole = generate(model=ask.model("ok"), contents=ask.question)
    assert pieces[-1].usage_metadata.total_token_count == whole.usage_metadata.total_token_count > 0


@check("tools")
def tools(ask):
    asked = {"model": ask.model("tool"), "config": with_tools(WEATHER)}
    first = generate(contents=ask.question, **asked)
    call = first.function_calls[0]
    assert call.name == "weather" and "city" in call.args, first
    streamed = [call for piece in stream_of(contents=ask.question, **asked) for call in piece.function_calls or []]
    assert [call.args for call in streamed] == [first.function_calls[0].args]
    result = types.Part.from_function_response(name="weather", response={"result": "sunny-result"})
    history = [types.UserContent(ask.question), first.candidates[0].content, types.UserContent([result])]
    assert generate(contents=history, **asked).text
    ask.carried("sunny-result", "The weather.")


@check("parallel tool calls")
def parallel(ask):
    asked = {"model": ask.model("calls-2"), "config": with_tools(WEATHER, CLOCK)}
    first = generate(contents=ask.question, **asked)
    assert [call.name for call in first.function_calls] == ["weather", "clock"], first
    streamed = [call for piece in stream_of(contents=ask.question, **asked) for call in piece.function_calls or []]
    assert [call.name for call in streamed] == ["weather", "clock"], streamed
    results = [types.Part.from_function_response(name=n, response={"result": f"result-of-{n}"}) for n in ("weather", "clock")]
    history = [types.UserContent(ask.question), first.candidates[0].content, types.UserContent(results)]
    assert generate(contents=history, **asked).text
    ask.carried("result-of-weather", "result-of-clock")


@check("tool choice")
def choice(ask):
    def called(mode, *names):
        calling = types.FunctionCallingConfig(mode=mode, allowed_function_names=list(names) or None)
        said = with_tools(WEATHER, CLOCK, tool_config=types.ToolConfig(function_calling_config=calling))
        return [call.name for call in generate(model=ask.model("tool"), contents=ask.question, config=said).function_calls or []]

    assert called("ANY", "clock") == ["clock"]
    assert called("ANY") == ["weather"]
    assert called("NONE") == []


@check("JSON schema")
def schema(ask):
    said = config(response_mime_type="application/json", response_json_schema=PERSON)
    answer = generate(model=ask.model("json"), contents=ask.question, config=said)
    assert isinstance(json.loads(answer.text)["age"], int)
    assert isinstance(json.loads(text_of(stream_of(model=ask.model("json"), contents=ask.question, config=said)))["age"], int)
    older = types.Schema(type="OBJECT", properties={"age": types.Schema(type="INTEGER")}, required=["age"])
    said = config(response_mime_type="application/json", response_schema=older)
    assert isinstance(json.loads(generate(model=ask.model("json"), contents=ask.question, config=said).text)["age"], int)
    error = refused(api_errors.APIError, lambda: generate(model=ask.model("wrong-schema"), contents=ask.question, config=said))
    assert error.code == 502, error


@check("images in")
def images(ask):
    picture = types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
    assert generate(model=ask.model("ok"), contents=[picture, ask.question]).text
    ask.carried(PIXEL, "png")


@check("files in")
def files(ask):
    paper = types.Part.from_bytes(data=base64.b64decode(PDF), mime_type="application/pdf")
    assert generate(model=ask.model("ok"), contents=[paper, ask.question]).text
    ask.carried(PDF, "pdf")


@check("reasoning")
def reasoning(ask):
    said = config(thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=1024))
    answer = generate(model=ask.model("think"), contents=ask.question, config=said)
    thoughts = [part.text for part in answer.candidates[0].content.parts if part.thought]
    assert thoughts and "the thought" in thoughts[0], answer
    assert answer.usage_metadata.thoughts_token_count or ask.behind in ("anthropic", "bedrock"), answer.usage_metadata
    pieces = list(stream_of(model=ask.model("think"), contents=ask.question, config=said))
    streamed = [part.text or "" for piece in pieces for part in (piece.candidates[0].content.parts if piece.candidates and piece.candidates[0].content else None) or [] if part.thought]
    assert "".join(streamed) == "".join(thoughts)


@check("stop")
def stop(ask):
    generate(model=ask.model("ok"), contents=ask.question, config=config(stop_sequences=["STOP-HERE"]))
    return ask.carried_or_told("stop", "STOP-HERE")


@check("seed")
def seed(ask):
    generate(model=ask.model("ok"), contents=ask.question, config=config(seed=424242))
    return ask.carried_or_told("seed", 424242)


@check("logprobs")
def logprobs(ask):
    said = config(response_logprobs=True, logprobs=2)
    try:
        answer = generate(model=ask.model("ok"), contents=ask.question, config=said)
    except api_errors.ClientError as error:
        assert "logprobs" in error.message.lower(), error
        return "refused: `logprobs`"
    told = answer.candidates[0].logprobs_result
    if told is None:
        assert any("logprobs" in name.lower() for name in ask.trace_dropped()), ask.trace_dropped()
        return "`logprobs` is told as dropped"
    assert "".join(token.token for token in told.chosen_candidates) == answer.text, told
    assert len(told.top_candidates[0].candidates) == 2, told


@check("n")
def several(ask):
    try:
        answer = generate(model=ask.model("ok"), contents=ask.question, config=config(candidate_count=2))
    except api_errors.ClientError as error:
        assert error.code == 400, error
        return "refused: `candidateCount`"
    if len(answer.candidates) == 1 and "n" in ask.trace_dropped():
        return "`candidateCount` is told as dropped"
    assert len(answer.candidates) == 2, answer


@check("metadata")
def metadata(ask):
    generate(model=ask.model("ok"), contents=ask.question, config=config(labels={"app": "conformance-tag"}))
    return ask.carried_or_told("labels", "conformance-tag")


@check("embeddings", behind=("chat", "gemini", "local"))
def embeddings(ask):
    model = "local/static" if ask.behind == "local" else ask.model("ok")
    vectors = api.models.embed_content(model=model, contents=["one", "another"]).embeddings
    assert len(vectors) == 2 and vectors[0].values != vectors[1].values


@check("models", behind=("surefoot",))
def models(ask):
    listed = [model.name for model in api.models.list()]
    assert "models/answer" in listed and "models/fallback" in listed, listed
    assert api.models.get(model="answer").name == "models/answer"


@check("count tokens")
def count(ask):
    few = api.models.count_tokens(model=ask.model("ok"), contents=ask.question).total_tokens
    many = api.models.count_tokens(model=ask.model("ok"), contents=ask.question * 50).total_tokens
    assert many > few > 0, (many, few)


@check("errors")
def errors(ask):
    limit = refused(api_errors.ClientError, lambda: generate(model=ask.model("retry-after-40s"), contents=ask.question))
    assert limit.code == 429 and limit.status == "RESOURCE_EXHAUSTED", limit
    bad = refused(api_errors.ClientError, lambda: generate(model=ask.model("fail-400"), contents=ask.question))
    assert bad.code == 400, bad
    refused(api_errors.ServerError, lambda: generate(model=ask.model("fail-500"), contents=ask.question))
    missing = refused(api_errors.ClientError, lambda: generate(model="no-such-model", contents=ask.question))
    assert missing.code == 404 and missing.status == "NOT_FOUND", missing
    stranger = connected("nobody")
    nobody = refused(api_errors.ClientError, lambda: stranger.models.generate_content(model=ask.model("ok"), contents="x"))
    assert nobody.code == 401 and nobody.status == "UNAUTHENTICATED", nobody
    limited = connected(LIMITED)
    over = refused(api_errors.ClientError, lambda: [limited.models.generate_content(model=ask.model("ok"), contents="x") for _ in range(3)])
    assert over.code == 429, over


@check("a broken stream")
def broken(ask):
    for words in ("words-40+cut-5", "words-40+error-in-stream", "words-40+bad-json"):
        refused((api_errors.APIError, api_errors.UnknownApiResponseError), lambda: list(stream_of(model=ask.model(words), contents=ask.question)))


@check("cancel")
def cancel(ask):
    stream = stream_of(model=ask.model("words-400+gap-50ms"), contents=ask.question)
    for at, _ in enumerate(stream):
        if at == 3:
            break
    stream.close()
    assert ask.trace()["outcome"] == "cancelled", ask.trace()["outcome"]


if __name__ == "__main__":
    client.run()
