"""LangChain's ChatGoogleGenerativeAI."""

from langchain_core.messages import HumanMessage
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings

from conformance import KEY, URL, Client
from langchain_checks import common

client = Client("LangChain ChatGoogleGenerativeAI (Python)", "langchain-google-genai")
client.usage, client.method = {}, "json_schema"
check = client.check


def llm(ask, words, **said):
    return ChatGoogleGenerativeAI(model=ask.model(words), base_url=URL, google_api_key=KEY, max_retries=0, **said)


common(client, llm, Exception, Exception)


@check("reasoning")
def reasoning(ask):
    answer = llm(ask, "think", include_thoughts=True, thinking_budget=1024).invoke(ask.question)
    thought = [block for block in answer.content_blocks if block["type"] == "reasoning"]
    assert thought and "the thought" in thought[0]["reasoning"], answer


@check("embeddings", behind=("gemini", "local"))
def embeddings(ask):
    model = "local/static" if ask.behind == "local" else ask.model("ok")
    embedder = GoogleGenerativeAIEmbeddings(model=model, base_url=URL, google_api_key=KEY)
    one, another = embedder.embed_documents(["one", "another"])
    assert len(one) == len(another) > 0 and one != another


if __name__ == "__main__":
    client.run()
