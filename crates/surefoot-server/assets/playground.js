// Asks all lanes the same question at once and streams their answers side by side.
import { events, say } from "./events.js";

const MOST = 4;
const form = document.getElementById("play");
const lanes = document.getElementById("lanes");
const stop = document.getElementById("stop");
const more = document.getElementById("more");
// What is being asked; a new question takes its place.
let running = null;

const part = (lane, selector) => lane.querySelector(selector);

/** Time, tokens, cost, and the way to the trace. */
function tell(lane, { first, took, usage, surefoot, trace }) {
  const told = part(lane, ".told");
  const words = [`${(took / 1000).toFixed(2)} s`];
  if (first) words.push(`first word after ${(first / 1000).toFixed(2)} s`);
  if (usage) words.push(`${usage.prompt_tokens} → ${usage.completion_tokens} tokens`);
  if (surefoot?.cost_usd != null) words.push(`$${surefoot.cost_usd}`);
  if (surefoot?.citations) words.push(`${surefoot.citations.length} citations`);
  told.replaceChildren(`${words.join(" · ")} · `);
  if (trace) told.append(Object.assign(document.createElement("a"), { href: `/traces/${trace}`, textContent: "trace" }));
  told.hidden = false;
}

async function stream(lane, question, mine) {
  const [answer, fault, began] = [part(lane, ".answer"), part(lane, ".bad"), performance.now()];
  const end = { first: 0, took: 0, usage: null, surefoot: null, trace: null };
  answer.replaceChildren();
  say(fault, "");
  part(lane, ".told").hidden = true;
  answer.classList.add("waiting");
  try {
    const text = part(lane, "textarea[name=text]")?.value || undefined;
    const response = await fetch("/playground/run", {
      method: "POST",
      signal: mine.signal,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: part(lane, "select").value, question, text }),
    });
    end.trace = response.headers.get("x-surefoot-trace");
    if (!response.ok) throw new Error((await response.json().catch(() => null))?.error?.message ?? `status ${response.status}`);
    for await (const event of events(response)) {
      if (event.error) throw new Error(event.error.message);
      const piece = event.choices?.[0]?.delta?.content ?? "";
      if (piece) end.first ||= performance.now() - began;
      answer.append(piece);
      end.usage = event.usage ?? end.usage;
      end.surefoot = event.surefoot ?? end.surefoot;
    }
  } catch (error) {
    if (running === mine) say(fault, mine.signal.aborted ? "Stopped." : error.message);
  } finally {
    if (running === mine) {
      answer.classList.remove("waiting");
      end.took = performance.now() - began;
      tell(lane, end);
    }
  }
}

async function ask() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  stop.hidden = false;
  const question = form.elements.question.value;
  await Promise.all([...lanes.children].map((lane) => stream(lane, question, mine)));
  if (running === mine) stop.hidden = true;
}

/** Shows the prompt of what was chosen. */
async function choose(lane) {
  const edit = part(lane, ".edit");
  if (!edit) return;
  const model = part(lane, "select").value;
  const response = await fetch(`/playground/text?model=${encodeURIComponent(model)}`);
  const text = response.ok ? await response.text() : "";
  part(edit, "textarea").value = text;
  edit.hidden = !text;
}

function add() {
  const lane = lanes.lastElementChild.cloneNode(true);
  lane.setAttribute("aria-label", `Lane ${lanes.children.length + 1}`);
  part(lane, "select").value = part(lanes.lastElementChild, "select").value;
  part(lane, ".answer").replaceChildren();
  part(lane, ".told").hidden = true;
  say(part(lane, ".bad"), "");
  lanes.append(lane);
  more.hidden = lanes.children.length >= MOST;
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
stop?.addEventListener("click", () => running?.abort());
more?.addEventListener("click", add);
lanes?.addEventListener("change", (event) => event.target.name === "model" && choose(event.target.closest(".lane")));
if (more) more.hidden = false;
