"""OpenAI's files and vector stores by the official SDK against a Surefoot: `files_sdk.py BASE_URL`."""

import io
import sys

from openai import BadRequestError, NotFoundError, OpenAI

base_url = sys.argv[1]
client = OpenAI(base_url=f"{base_url}/v1", api_key="unused", max_retries=0, _strict_response_validation=True)


def named(name, text):
    return (name, io.BytesIO(text.encode()))


tides = "# Tides\n\nThe tide rises twice a day in this harbour, and falls as often.\n"
ropes = "# Ropes\n\nA mooring rope in this harbour is as thick as a wrist.\n"

# A file: kept, listed, read back.
file = client.files.create(file=named("tides.md", tides), purpose="assistants")
assert (file.filename, file.bytes, file.purpose, file.status) == ("tides.md", len(tides), "assistants", "processed")
assert client.files.retrieve(file.id).id == file.id
assert client.files.content(file.id).read() == tides.encode()
assert [one.id for one in client.files.list()] == [file.id]
short = client.files.create(
    file=named("short.txt", "x"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
)
assert [one.id for one in client.files.list(purpose="assistants", limit=1)] == [file.id]
assert short.expires_at == short.created_at + 3600, short
assert client.files.delete(short.id).deleted

# A vector store, with a file from the start; others come by upload_and_poll, one by one and together.
store = client.vector_stores.create(
    name="Harbour", file_ids=[file.id], metadata={"team": "sea"}, expires_after={"anchor": "last_active_at", "days": 7}
)
assert store.name == "Harbour" and store.file_counts.total == 1 and store.metadata == {"team": "sea"}, store
assert store.expires_at == store.last_active_at + 7 * 86400, store
first = client.vector_stores.files.poll(file.id, vector_store_id=store.id, poll_interval_ms=50)
assert first.status == "completed" and first.usage_bytes > 0, first
second = client.vector_stores.files.upload_and_poll(
    vector_store_id=store.id,
    file=named("ropes.md", ropes),
    attributes={"kind": "rope", "year": 2024, "wet": True},
    chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}},
    poll_interval_ms=50,
)
assert second.status == "completed" and second.attributes == {"kind": "rope", "year": 2024, "wet": True}, second
assert second.chunking_strategy.static.max_chunk_size_tokens == 200, second
batch = client.vector_stores.file_batches.upload_and_poll(
    store.id,
    files=[named("bells.txt", "The harbour bell rings at noon."), named("broken.pdf", "this is no pdf")],
    poll_interval_ms=50,
)
assert (batch.status, batch.file_counts.completed, batch.file_counts.failed) == ("completed", 1, 1), batch
failed = client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id, filter="failed").data
assert len(failed) == 1 and failed[0].last_error.code == "invalid_file", failed
store = client.vector_stores.retrieve(store.id)
assert (store.status, store.file_counts.completed, store.file_counts.total) == ("completed", 3, 4), store

# Search, and filters.
found = client.vector_stores.search(store.id, query="how often does the tide rise").data
assert found[0].filename == "tides.md" and "twice a day" in found[0].content[0].text, found
assert found[0].file_id == file.id and 0 <= found[0].score <= 1, found


def names(filters, **more):
    return {one.filename for one in client.vector_stores.search(store.id, query="harbour", filters=filters, **more)}


def is_(kind, key, value):
    return {"type": kind, "key": key, "value": value}


assert names(is_("eq", "kind", "rope")) == {"ropes.md"}
assert names(is_("ne", "kind", "rope")) == {"tides.md", "bells.txt"}
assert names(is_("gte", "year", 2024)) == {"ropes.md"} and names(is_("gt", "year", 2024)) == set()
assert names(is_("in", "kind", ["rope", "sail"])) == {"ropes.md"}
assert names({"type": "and", "filters": [is_("eq", "wet", True), is_("lt", "year", 2024)]}) == set()
assert names({"type": "or", "filters": [is_("eq", "wet", True), is_("lt", "year", 2024)]}) == {"ropes.md"}
client.vector_stores.files.update(file.id, vector_store_id=store.id, attributes={"kind": "tide"})
assert names(is_("eq", "kind", "tide")) == {"tides.md"}
several = client.vector_stores.search(store.id, query=["tide", "bell"], max_num_results=2).data
assert {one.filename for one in several} == {"tides.md", "bells.txt"}, several
assert client.vector_stores.search(store.id, query="tide", ranking_options={"score_threshold": 0.5}).data
text = client.vector_stores.files.content(file.id, vector_store_id=store.id).data[0].text
assert text == tides, text

# Pages, with the project's own knowledge among the stores, only read.
pages = client.vector_stores.files.list(store.id, limit=2, order="asc")
assert len(pages.data) == 2 and pages.has_more, pages
assert len({one.id for one in pages}) == 4
listed = [one.id for one in client.vector_stores.list(limit=1)]
assert listed == [store.id, "docs"], listed
assert client.vector_stores.search("docs", query="What happens when a stream is cut?").data
for wrong in (
    lambda: client.vector_stores.update("docs", name="mine"),
    lambda: client.vector_stores.search(store.id, query="x", filters={"type": "like", "key": "a", "value": "b"}),
    lambda: client.vector_stores.search(store.id, query="x", max_num_results=51),
    lambda: client.files.create(file=named("a.md", "x"), purpose="decoration"),
    lambda: client.vector_stores.files.list(store.id, after="file_nowhere"),
):
    try:
        wrong()
        raise AssertionError("it was taken")
    except BadRequestError as error:
        assert error.message and error.type == "invalid_request_error", error.body

assert client.vector_stores.update(store.id, name="Port", expires_after=None).name == "Port"
assert client.vector_stores.retrieve(store.id).expires_at is None
assert client.vector_stores.files.delete(file.id, vector_store_id=store.id).deleted
assert names(is_("eq", "kind", "tide")) == set()
assert client.vector_stores.delete(store.id).deleted
for gone in (
    lambda: client.vector_stores.retrieve(store.id),
    lambda: client.vector_stores.search(store.id, query="x"),
    lambda: client.files.retrieve(short.id),
):
    try:
        gone()
        raise AssertionError("it is still there")
    except NotFoundError as error:
        assert error.message, error.body
assert len(list(client.files.list())) == 4
print("ok")
