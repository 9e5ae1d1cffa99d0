"""Instructor: typed answers by tools, by JSON and by schema, over OpenAI's and Anthropic's SDKs."""

import anthropic
import instructor
import openai
from pydantic import BaseModel

from conformance import KEY, URL, Client, refused

client = Client("Instructor (Python)", "instructor")
check = client.check


class Person(BaseModel):
    name: str
    age: int


def over_openai(mode):
    return instructor.from_openai(openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0), mode=mode)


def ask_for(api, ask, words, **said):
    messages = [{"role": "user", "content": ask.question}]
    return api.chat.completions.create(model=ask.model(words), messages=messages, response_model=Person, max_retries=0, **said)


@check("tools")
def tools(ask):
    assert isinstance(ask_for(over_openai(instructor.Mode.TOOLS), ask, "tool"), Person)
    ask.carried("Person")


@check("JSON schema")
def schema(ask):
    assert isinstance(ask_for(over_openai(instructor.Mode.JSON_SCHEMA), ask, "json"), Person)


@check("JSON object")
def json_object(ask):
    # The shape is in the prompt alone: the simulator answers some JSON, which the client refuses.
    refused(Exception, lambda: ask_for(over_openai(instructor.Mode.JSON), ask, "json"))
    ask.carried("age")


@check("stream")
def stream(ask):
    api = over_openai(instructor.Mode.TOOLS)
    messages = [{"role": "user", "content": ask.question}]
    pieces = list(api.chat.completions.create_partial(model=ask.model("tool"), messages=messages, response_model=Person, max_retries=0))
    assert pieces[-1].age is not None and pieces[-1].name, pieces[-1]


@check("tools by Anthropic's SDK")
def by_anthropic(ask):
    api = instructor.from_anthropic(anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0))
    assert isinstance(ask_for(api, ask, "tool", max_tokens=500), Person)


@check("errors")
def errors(ask):
    refused(Exception, lambda: ask_for(over_openai(instructor.Mode.TOOLS), ask, "retry-after-40s"))
    refused(Exception, lambda: ask_for(over_openai(instructor.Mode.TOOLS), ask, "tool+wrong-schema"))


if __name__ == "__main__":
    client.run()
