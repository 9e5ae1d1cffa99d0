"""LangChain's ChatAnthropic."""

import anthropic
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage

from conformance import KEY, PDF, URL, Client
from langchain_checks import common

client = Client("LangChain ChatAnthropic (Python)", "langchain-anthropic")
client.usage, client.method = {}, "json_schema"
check = client.check


def llm(ask, words, **said):
    return ChatAnthropic(model=ask.model(words), base_url=URL, api_key=KEY, max_retries=0, max_tokens=2000, **said)


common(client, llm, anthropic.RateLimitError, anthropic.AuthenticationError)


@check("files in")
def files(ask):
    part = {"type": "file", "base64": PDF, "mime_type": "application/pdf"}
    assert llm(ask, "ok").invoke([HumanMessage([{"type": "text", "text": ask.question}, part])]).text
    ask.carried(PDF, "pdf")


@check("reasoning")
def reasoning(ask):
    model = llm(ask, "think", thinking={"type": "enabled", "budget_tokens": 1024})
    answer = model.invoke(ask.question)
    thought = [block for block in answer.content_blocks if block["type"] == "reasoning"]
    assert thought and "the thought" in thought[0]["reasoning"], answer
    assert model.invoke([HumanMessage(ask.question), answer, HumanMessage(f"And now? {ask.marker}")]).text


@check("prompt caching")
def caching(ask):
    part = {"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral"}}
    llm(ask, "ok").invoke([SystemMessage([part]), HumanMessage(ask.question)])
    words = {"anthropic": '"cache_control"', "bedrock": "cachePoint"}
    return ask.carried_or_told("cache_control", words.get(ask.behind, "never sent"))


@check("count tokens")
def count(ask):
    few = llm(ask, "ok").get_num_tokens_from_messages([HumanMessage(ask.question)])
    many = llm(ask, "ok").get_num_tokens_from_messages([HumanMessage(ask.question * 50)])
    assert many > few > 0, (many, few)


if __name__ == "__main__":
    client.run()
