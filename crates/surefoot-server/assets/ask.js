// Streams an answer into the page. Without this script the form is sent as usual and the answer comes whole.
const form = document.getElementById("ask");
const question = document.getElementById("question");
const result = document.getElementById("result");
const answer = document.getElementById("answer");
const citations = document.getElementById("citations");
const foot = document.getElementById("foot");
const button = form.querySelector("button");
const SUPPORT = {
  quoted: "✓ quoted",
  supported: "✓ supported",
  partial: "△ partly supported",
  unsupported: "✕ not supported",
};

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function link(href, text) {
  return element("a", { href }, text);
}

function cited(citation) {
  const holds = citation.support === "quoted" || citation.support === "supported";
  const place = [citation.document, ...citation.heading_path].join(" › ");
  const where = citation.document_id
    ? link(`/documents/${citation.document_id}?start=${citation.start}&end=${citation.end}#cited`, place)
    : element("span", {}, `There is no passage ${citation.mark}`);
  return element(
    "li",
    { className: `citation ${holds ? "holds" : "fails"}` },
    element("span", { className: "mark" }, String(citation.mark)),
    element(
      "div",
      {},
      where,
      element("q", {}, citation.quote),
      element("span", { className: "support" }, SUPPORT[citation.support]),
    ),
  );
}

/** The data of each server-sent event, parsed. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    waiting += value;
    const frames = waiting.split("\n\n");
    waiting = frames.pop();
    for (const frame of frames) {
      const data = frame.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (data && data !== "[DONE]") yield JSON.parse(data);
    }
  }
}

function told(surefoot) {
  const list = element("ol", { className: "citations" });
  list.append(...(surefoot.citations ?? []).map(cited));
  citations.replaceChildren(list);
  foot.replaceChildren(link(`/traces/${surefoot.trace_id}`, "See everything that happened for this answer"));
}

async function ask() {
  result.hidden = false;
  button.disabled = true;
  answer.textContent = "";
  answer.classList.add("waiting");
  citations.replaceChildren();
  foot.replaceChildren();
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: form.elements.model.value,
        messages: [{ role: "user", content: question.value }],
        stream: true,
      }),
    });
    if (!response.ok) throw new Error((await response.json()).error.message);
    for await (const event of events(response)) {
      if (event.error) throw new Error(event.error.message);
      answer.textContent += event.choices?.[0]?.delta?.content ?? "";
      if (event.surefoot) told(event.surefoot);
    }
  } catch (error) {
    answer.textContent += `${answer.textContent ? "\n\n" : ""}${error.message}`;
  } finally {
    answer.classList.remove("waiting");
    button.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
