// Streams an answer into the page. Without this script the form is sent as usual and the answer comes whole.
import { events, say } from "./events.js";

const at = (id) => document.getElementById(id);
const form = at("ask");
const question = at("question");
const result = at("result");
const fault = at("fault");
const answer = at("answer");
const verdict = at("verdict");
const citations = at("citations");
const foot = at("foot");
const stop = at("stop");
const SUPPORT = {
  quoted: "✓ quoted",
  supported: "✓ supported",
  partial: "△ partly supported",
  unsupported: "✕ not supported",
};
// The question that is being answered; a new one takes its place.
let running = null;

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const link = (href, text, properties) => element("a", { href, ...properties }, text);
const holds = (citation) => citation.support === "quoted" || citation.support === "supported";

function cited(citation, index, all) {
  const place = [citation.document, ...citation.heading_path].join(" › ");
  const where = citation.document_id
    ? link(`/documents/${citation.document_id}?start=${citation.start}&end=${citation.end}#cited`, place)
    : element("span", {}, `There is no passage ${citation.mark}`);
  const isFirst = all.findIndex((other) => other.mark === citation.mark) === index;
  return element(
    "li",
    { className: `citation ${holds(citation) ? "holds" : "fails"}`, ...(isFirst && { id: `cite-${citation.mark}` }) },
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

/** Makes links of the numbers that cite; all else stays plain text. */
function marked(text, all) {
  const number = (digits) => {
    const its = all.filter((citation) => String(citation.mark) === digits);
    if (!its.length) return digits;
    const good = its.every(holds);
    const title = `Checked: the source ${good ? "carries this" : "does not carry this in full"}`;
    return link(`#cite-${digits}`, digits, { className: good ? "cite" : "cite fails", title });
  };
  // As `[1]`, `[1, 2]`; `[1](…)` is a link, as models write them.
  const brackets = /([[【［][\d ,;\-^–，、]+(?=[\]】］])(?!\]\())/;
  const inside = (part) => part.split(/(\d+)/).map((piece) => (/^\d+$/.test(piece) ? number(piece) : piece));
  return text.split(brackets).flatMap((part, index) => (index % 2 ? inside(part) : [part]));
}

/** What the citations do not say themselves; in the same words as the page without this script. */
function whole({ abstained, citations: all }) {
  if (abstained) return "The documents do not answer this.";
  return all && !all.length ? "This answer cites no document." : "";
}

function finish(surefoot) {
  const all = surefoot.citations ?? [];
  answer.replaceChildren(...marked(answer.textContent, all));
  citations.replaceChildren(...(all.length ? [element("ol", { className: "citations" }, ...all.map(cited))] : []));
  say(verdict, whole(surefoot));
}

function clear() {
  result.hidden = false;
  for (const part of [answer, citations, foot]) part.replaceChildren();
  for (const part of [fault, verdict]) say(part, "");
}

function busy(is) {
  result.ariaBusy = String(is);
  answer.classList.toggle("waiting", is);
  stop.hidden = !is;
}

async function problem(response) {
  const told = await response.json().catch(() => null);
  return new Error(told?.error?.message ?? `The server answered with status ${response.status}.`);
}

async function stream(signal) {
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    signal,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: form.elements.model.value,
      messages: [{ role: "user", content: question.value }],
      stream: true,
    }),
  });
  const trace = response.headers.get("x-surefoot-trace");
  if (trace) foot.replaceChildren(link(`/traces/${trace}`, "See everything that happened for this question"));
  if (!response.ok) throw await problem(response);
  for await (const event of events(response)) {
    if (event.error) throw new Error(event.error.message);
    answer.append(event.choices?.[0]?.delta?.content ?? "");
    if (event.surefoot) finish(event.surefoot);
  }
}

async function ask() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  clear();
  busy(true);
  try {
    await stream(mine.signal);
  } catch (error) {
    if (running === mine) say(fault, mine.signal.aborted ? "Stopped." : error.message);
  } finally {
    if (running === mine) busy(false);
  }
}

stop?.addEventListener("click", () => running?.abort());
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
question?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
