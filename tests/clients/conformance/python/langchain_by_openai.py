"""LangChain's ChatOpenAI, for chat completions and for responses."""

from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

import openai
from conformance import KEY, PDF, PIXEL, URL, Client, refused
from langchain_checks import Person, clock, common, weather

client = Client("LangChain ChatOpenAI (Python)", "langchain-openai")
client.usage, client.method = {"stream_usage": True}, "json_schema"
check = client.check


def llm(ask, words, **said):
    return ChatOpenAI(model=ask.model(words), base_url=f"{URL}/v1", api_key=KEY, max_retries=0, **said)


common(client, llm, openai.RateLimitError, openai.AuthenticationError)


@check("files in")
def files(ask):
    part = {"type": "file", "base64": PDF, "mime_type": "application/pdf", "filename": "paper.pdf"}
    assert llm(ask, "ok").invoke([HumanMessage([{"type": "text", "text": ask.question}, part])]).content
    ask.carried(PDF, "pdf")


@check("logprobs")
def logprobs(ask):
    try:
        answer = llm(ask, "ok").bind(logprobs=True, top_logprobs=2).invoke(ask.question)
    except openai.BadRequestError as error:
        assert "probabilities" in str(error), error
        return "refused: `logprobs`"
    if not answer.response_metadata.get("logprobs"):
        assert any("logprobs" in name for name in ask.trace_dropped()), answer
        return "`logprobs` is told as dropped"
    assert "".join(token["token"] for token in answer.response_metadata["logprobs"]["content"]) == answer.content


@check("seed")
def seed(ask):
    llm(ask, "ok", seed=424242).invoke(ask.question)
    return ask.carried_or_told("seed", 424242)


@check("embeddings", behind=("chat", "gemini", "local"))
def embeddings(ask):
    model = "local/static" if ask.behind == "local" else ask.model("ok")
    # Its tokens are counted by a table that is fetched from elsewhere, which is not asked for here.
    embedder = OpenAIEmbeddings(model=model, base_url=f"{URL}/v1", api_key=KEY, check_embedding_ctx_length=False)
    one, another = embedder.embed_documents(["one", "another"])
    assert len(one) == len(another) > 0 and one != another


@check("responses")
def responses(ask):
    answer = llm(ask, "echo", use_responses_api=True).invoke([SystemMessage("Be brief."), HumanMessage(ask.question)])
    assert answer.text == ask.question and answer.usage_metadata["total_tokens"] > 0, answer
    second = llm(ask, "echo", use_responses_api=True, use_previous_response_id=True)
    first = second.invoke([HumanMessage(f"My name is Ada. {ask.marker}")])
    assert second.invoke([HumanMessage(f"My name is Ada. {ask.marker}"), first, HumanMessage(ask.question)]).text == ask.question
    ask.carried("My name is Ada.")
    bound = llm(ask, "tool", use_responses_api=True).bind_tools([weather, clock])
    call = bound.invoke(ask.question)
    assert call.tool_calls[0]["name"] == "weather", call
    assert bound.invoke([HumanMessage(ask.question), call, ToolMessage("sunny-result", tool_call_id=call.tool_calls[0]["id"])]).text
    ask.carried("sunny-result")
    parsed = llm(ask, "json", use_responses_api=True).with_structured_output(Person).invoke(ask.question)
    assert isinstance(parsed, Person), parsed


@check("responses, streamed")
def responses_streamed(ask):
    pieces = list(llm(ask, "echo", use_responses_api=True).stream(ask.question))
    assert "".join(piece.text for piece in pieces) == ask.question and len(pieces) > 3
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole + piece
    assert whole.usage_metadata["output_tokens"] > 0


if __name__ == "__main__":
    client.run()
