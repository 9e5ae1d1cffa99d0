// Feedback on an answer, from any web page: <surefoot-feedback token="…"></surefoot-feedback>
// Attributes: token (from the answer), server (where Surefoot is; this script's own site unless told),
// for (id of the element that shows the answer), ask ("thumbs comment correction" unless told),
// signals ("copied abandoned"), labels (JSON: texts in place of these).
(() => {
  const HERE = new URL(document.currentScript?.src ?? location.href).origin;
  const LABELS = {
    group: "Was this answer good?",
    good: "Good answer",
    bad: "Bad answer",
    comment: "Comment",
    correction: "What it should have said",
    more: "Say more",
    send: "Send",
    thanks: "Thank you. Your feedback was kept.",
    withdrawn: "Your vote was taken back.",
    failed: "That could not be sent. Please try again.",
  };
  const STYLE = `
    :host { display: block; font: inherit; color: inherit; }
    .row { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap; }
    button { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor; border-radius: .4rem;
      min-width: 2.75rem; min-height: 2.75rem; padding: .25rem .75rem; cursor: pointer; }
    button[aria-pressed="true"] { background: color-mix(in srgb, currentColor 18%, transparent); font-weight: bold; }
    button:focus-visible, textarea:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
    button:disabled { opacity: .5; cursor: default; }
    label { display: block; margin-top: .5rem; }
    textarea { display: block; box-sizing: border-box; width: 100%; font: inherit; color: inherit; background: transparent;
      border: 1px solid currentColor; border-radius: .4rem; padding: .5rem; }
    [role="status"]:not(:empty) { margin-top: .5rem; }`;

  /** Sends one piece of feedback. Rejects with Surefoot's own words when it was not taken. */
  async function send(token, metric, value, { server = HERE, ...about } = {}) {
    const answer = await fetch(new URL("/api/feedback", server), {
      method: "POST",
      // Of a kind that browsers send to another site without asking first, and that outlives the page.
      headers: { "content-type": "text/plain" },
      keepalive: true,
      credentials: "omit",
      body: JSON.stringify({ token, metric, value, ...about }),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.error?.message ?? `HTTP ${answer.status}`);
    return told;
  }

  function made(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  class Feedback extends HTMLElement {
    #sent = false;
    #thumbs = null;
    #status = null;
    #leaving = null;

    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      const style = new CSSStyleSheet();
      style.replaceSync(STYLE);
      root.adoptedStyleSheets = [style];
      this.#status = made("div", { role: "status" });
      const asks = this.#words("ask", "thumbs comment correction");
      if (asks.includes("thumbs")) root.append(this.#vote());
      const texts = asks.filter((ask) => ask === "comment" || ask === "correction");
      if (texts.length) root.append(this.#form(texts));
      root.append(this.#status);
      this.#watch(this.#words("signals", ""));
    }

    disconnectedCallback() {
      if (this.#leaving) removeEventListener("pagehide", this.#leaving);
    }

    /** What the user did: retried, copied, abandoned, or a name of your own. */
    signal(metric, value = true) {
      return this.#send(metric, value);
    }

    #words(attribute, otherwise) {
      return (this.getAttribute(attribute) ?? otherwise).split(/\s+/).filter(Boolean);
    }

    #label(name) {
      try {
        return JSON.parse(this.getAttribute("labels") ?? "{}")[name] ?? LABELS[name];
      } catch {
        return LABELS[name];
      }
    }

    #send(metric, value) {
      const server = this.getAttribute("server") ?? undefined;
      return send(this.getAttribute("token"), metric, value, { server });
    }

    async #say(metric, value, told) {
      this.#sent = true;
      try {
        await this.#send(metric, value);
        this.#status.textContent = this.#label(told);
        this.dispatchEvent(new CustomEvent("surefoot-feedback", { bubbles: true, detail: { metric, value } }));
        return true;
      } catch (error) {
        this.#status.textContent = this.#label("failed");
        this.dispatchEvent(new CustomEvent("surefoot-feedback-failed", { bubbles: true, detail: { metric, error } }));
        return false;
      }
    }

    #vote() {
      const button = (name, sign, value) => {
        const one = made("button", { type: "button", "aria-label": this.#label(name), "aria-pressed": "false" }, sign);
        one.addEventListener("click", async () => {
          // A second press takes the vote back.
          const next = this.#thumbs === value ? null : value;
          if (!(await this.#say("thumbs", next, next === null ? "withdrawn" : "thanks"))) return;
          this.#thumbs = next;
          for (const [other, its] of [[good, true], [bad, false]]) other.setAttribute("aria-pressed", String(its === next));
        });
        return one;
      };
      const good = button("good", "\u{1F44D}", true);
      const bad = button("bad", "\u{1F44E}", false);
      return made("div", { className: "row", role: "group", "aria-label": this.#label("group") }, good, bad);
    }

    #form(texts) {
      const areas = texts.map((metric) => [metric, made("textarea", { rows: 3, maxLength: 16000 })]);
      const submit = made("button", { type: "submit" }, this.#label("send"));
      const form = made("form", { hidden: true });
      for (const [metric, area] of areas) form.append(made("label", {}, this.#label(metric), area));
      form.append(submit);
      const more = made("button", { type: "button", "aria-expanded": "false" }, this.#label("more"));
      more.addEventListener("click", () => {
        form.hidden = !form.hidden;
        more.setAttribute("aria-expanded", String(!form.hidden));
        if (!form.hidden) areas[0][1].focus();
      });
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        submit.disabled = true;
        for (const [metric, area] of areas) {
          const text = area.value.trim();
          if (text && (await this.#say(metric, text, "thanks"))) area.value = "";
        }
        submit.disabled = false;
      });
      return made("div", {}, more, form);
    }

    #watch(signals) {
      const quiet = (metric) => this.#send(metric, true).catch(() => {});
      if (signals.includes("copied")) {
        const shown = document.getElementById(this.getAttribute("for") ?? "");
        shown?.addEventListener("copy", () => {
          this.#sent = true;
          quiet("copied");
        }, { once: true });
      }
      if (signals.includes("abandoned")) {
        this.#leaving = () => this.#sent || quiet("abandoned");
        addEventListener("pagehide", this.#leaving, { once: true });
      }
    }
  }

  if (!customElements.get("surefoot-feedback")) customElements.define("surefoot-feedback", Feedback);
  window.surefootFeedback = { send };
})();
