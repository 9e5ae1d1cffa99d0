"""LlamaIndex: its LLM for OpenAI-compatible servers, Anthropic's, Google's, and its embeddings."""

from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

from conformance import KEY, PIXEL, URL, Client, refused

client = Client("LlamaIndex (Python)", "llama-index-core")
check = client.check


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def weather(city: str) -> str:
    """The weather."""
    return f"sunny in {city}"


def clock(city: str) -> str:
    """The time."""
    return f"noon in {city}"


TOOLS = [FunctionTool.from_defaults(fn=weather), FunctionTool.from_defaults(fn=clock)]


def llm(ask, words, **said):
    return OpenAILike(
        model=ask.model(words), api_base=f"{URL}/v1", api_key=KEY, is_chat_model=True, is_function_calling_model=True,
        max_retries=0, context_window=8000, **said,
    )


@check("chat")
def chat(ask):
    answer = llm(ask, "echo").chat([ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=ask.question)])
    assert answer.message.content == ask.question, answer
    ask.carried("Be brief.")


@check("stream")
def stream(ask):
    pieces = list(llm(ask, "echo").stream_chat([ChatMessage(role="user", content=ask.question)]))
    assert pieces[-1].message.content == ask.question and len(pieces) > 3
    assert "".join(piece.delta or "" for piece in pieces) == ask.question


@check("tools")
def tools(ask):
    model = llm(ask, "tool")
    first = model.chat_with_tools(TOOLS[:1], user_msg=ask.question)
    call = model.get_tool_calls_from_response(first)[0]
    assert call.tool_name == "weather" and "city" in call.tool_kwargs, first
    result = ChatMessage(role="tool", content="sunny-result", additional_kwargs={"tool_call_id": call.tool_id})
    history = [ChatMessage(role="user", content=ask.question), first.message, result]
    assert model.chat_with_tools(TOOLS[:1], chat_history=history).message.content
    ask.carried("sunny-result", "The weather.")
    *_, streamed = model.stream_chat_with_tools(TOOLS[:1], user_msg=ask.question)
    assert model.get_tool_calls_from_response(streamed)[0].tool_kwargs == call.tool_kwargs


@check("parallel tool calls")
def parallel(ask):
    model = llm(ask, "calls-2")
    first = model.chat_with_tools(TOOLS, user_msg=ask.question, allow_parallel_tool_calls=True)
    names = [call.tool_name for call in model.get_tool_calls_from_response(first)]
    assert names == ["weather", "clock"], first


@check("tool choice")
def choice(ask):
    model = llm(ask, "tool")
    first = model.chat_with_tools(TOOLS, user_msg=ask.question, tool_required=True)
    assert model.get_tool_calls_from_response(first), first


@check("JSON schema")
def schema(ask):
    answer = llm(ask, "tool").as_structured_llm(Person).chat([ChatMessage(role="user", content=ask.question)])
    assert isinstance(answer.raw, Person), answer
    native = llm(ask, "json", should_use_structured_outputs=True)
    answer = native.as_structured_llm(Person).chat([ChatMessage(role="user", content=ask.question)])
    assert isinstance(answer.raw, Person), answer
    ask.carried("age")


@check("images in")
def images(ask):
    message = ChatMessage(role="user", blocks=[TextBlock(text=ask.question), ImageBlock(image=PIXEL.encode(), image_mimetype="image/png")])
    assert llm(ask, "ok").chat([message]).message.content
    ask.carried(PIXEL)


@check("embeddings", behind=("chat", "gemini", "local"))
def embeddings(ask):
    model = "local/static" if ask.behind == "local" else ask.model("ok")
    embedder = OpenAIEmbedding(model_name=model, api_base=f"{URL}/v1", api_key=KEY, max_retries=0)
    one, another = embedder.get_text_embedding_batch(["one", "another"])
    assert len(one) == len(another) > 0 and one != another


@check("chat by Anthropic's class", behind=("anthropic",))
def by_anthropic(ask):
    # Its models are a fixed list: an alias of the project answers to one of these names.
    model = Anthropic(model="claude-sonnet-4-5", base_url=URL, api_key=KEY, max_retries=0, max_tokens=500)
    assert model.chat([ChatMessage(role="user", content=ask.question)]).message.content == ask.question
    assert list(model.stream_chat([ChatMessage(role="user", content=ask.question)]))[-1].message.content == ask.question


@check("errors")
def errors(ask):
    refused(Exception, lambda: llm(ask, "retry-after-40s").chat([ChatMessage(role="user", content=ask.question)]))
    refused(Exception, lambda: list(llm(ask, "words-40+cut-5").stream_chat([ChatMessage(role="user", content=ask.question)])))


if __name__ == "__main__":
    client.run()
