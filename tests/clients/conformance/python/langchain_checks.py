"""Checks that LangChain's chat models share: one interface over several SDKs."""

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from conformance import PIXEL, refused


class Person(BaseModel):
    """A person."""

    name: str
    age: int


@tool
def weather(city: str) -> str:
    """The weather."""
    return f"sunny in {city}"


@tool
def clock(city: str) -> str:
    """The time."""
    return f"noon in {city}"


def joined(pieces):
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole + piece
    return whole


def common(client, llm, rate_limit, authentication):
    check = client.check

    @check("chat")
    def chat(ask):
        answer = llm(ask, "echo").invoke([SystemMessage("Be brief."), HumanMessage(ask.question)])
        assert answer.text == ask.question and answer.usage_metadata["total_tokens"] > 0, answer
        ask.carried("Be brief.")

    @check("stream")
    def stream(ask):
        pieces = list(llm(ask, "echo").stream(ask.question))
        assert joined(pieces).text == ask.question and len(pieces) > 3

    @check("usage in streams")
    def usage(ask):
        streamed = joined(list(llm(ask, "ok").stream(ask.question, **client.usage))).usage_metadata
        whole = llm(ask, "ok").invoke(ask.question).usage_metadata
        assert streamed and streamed["output_tokens"] == whole["output_tokens"] > 0, (streamed, whole)

    @check("tools")
    def tools(ask):
        bound = llm(ask, "tool").bind_tools([weather])
        first = bound.invoke(ask.question)
        call = first.tool_calls[0]
        assert call["name"] == "weather" and "city" in call["args"], first
        streamed = joined(list(bound.stream(ask.question)))
        assert [one["args"] for one in streamed.tool_calls] == [call["args"]], streamed
        result = ToolMessage("sunny-result", tool_call_id=call["id"])
        assert bound.invoke([HumanMessage(ask.question), first, result]).text
        ask.carried("sunny-result", "The weather.")

    @check("parallel tool calls")
    def parallel(ask):
        bound = llm(ask, "calls-2").bind_tools([weather, clock])
        first = bound.invoke(ask.question)
        assert [call["name"] for call in first.tool_calls] == ["weather", "clock"], first
        streamed = joined(list(bound.stream(ask.question)))
        assert [call["name"] for call in streamed.tool_calls] == ["weather", "clock"], streamed
        results = [ToolMessage(f"result-of-{call['name']}", tool_call_id=call["id"]) for call in first.tool_calls]
        assert bound.invoke([HumanMessage(ask.question), first, *results]).text
        ask.carried("result-of-weather", "result-of-clock")

    @check("tool choice")
    def choice(ask):
        named = llm(ask, "tool").bind_tools([weather, clock], tool_choice="clock").invoke(ask.question)
        assert named.tool_calls[0]["name"] == "clock", named
        anything = llm(ask, "tool").bind_tools([weather, clock], tool_choice="any").invoke(ask.question)
        assert anything.tool_calls, anything

    @check("JSON schema")
    def schema(ask):
        parsed = llm(ask, "json").with_structured_output(Person, method=client.method).invoke(ask.question)
        assert isinstance(parsed, Person), parsed
        by_call = llm(ask, "tool").with_structured_output(Person, method="function_calling").invoke(ask.question)
        assert isinstance(by_call, Person), by_call

    @check("images in")
    def images(ask):
        part = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
        assert llm(ask, "ok").invoke([HumanMessage([{"type": "text", "text": ask.question}, part])]).text
        ask.carried(PIXEL, "png")

    @check("stop")
    def stop(ask):
        llm(ask, "ok").invoke(ask.question, stop=["STOP-HERE"])
        return ask.carried_or_told("stop", "STOP-HERE")

    @check("errors")
    def errors(ask):
        refused(rate_limit, lambda: llm(ask, "retry-after-40s").invoke(ask.question))
        refused(Exception, lambda: list(llm(ask, "words-40+cut-5").stream(ask.question)))

    @check("cancel")
    def cancel(ask):
        stream = llm(ask, "words-400+gap-50ms").stream(ask.question)
        for at, _ in enumerate(stream):
            if at == 3:
                break
        stream.close()
        assert ask.trace()["outcome"] == "cancelled", ask.trace()["outcome"]
