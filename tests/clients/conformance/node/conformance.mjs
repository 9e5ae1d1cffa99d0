// What every client's program shares: models behind each dialect, what reached the provider, and how a check is told.
//
// A program prints a line of JSON for each check: its feature, what stood behind it, how it went and why. A check fails by
// throwing; it returns a text where something could not be carried and Surefoot said so.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

export const { SUREFOOT_URL: URL_, CONFORMANCE_KEY: KEY, CONFORMANCE_LIMITED: LIMITED, SIM_URL: SIM } = process.env;
export const BEHIND = ["chat", "responses", "anthropic", "gemini", "bedrock"];
const ONLY = process.env.CONFORMANCE_ONLY ?? "";

// A picture of one pixel, and the beginning of a PDF.
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const PDF = "JVBERi0xLjQKMSAwIG9iago8PCAvVHlwZSAvQ2F0YWxvZyA+PgplbmRvYmoK";
export const PLACE = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};
export const DOCUMENTED = "How long is the warranty?";

/** One check behind one dialect. */
class Ask {
  constructor(behind) {
    this.behind = behind;
    // Stands in the question, so that the request is known again at the provider.
    this.marker = `marker-${randomUUID().slice(0, 12)}`;
    this.question = `Is anybody there? ${this.marker}`;
  }

  model(words) {
    return `${this.behind === "responses" ? "resp" : this.behind}/${words}`;
  }

  /** The body that reached the provider last, as text. */
  async sent() {
    const { requests } = await fetched(`${SIM}/sim/requests`);
    const wanted = requests.filter((request) => JSON.stringify(request).includes(this.marker));
    assert.ok(wanted.length, `no request with ${this.marker} reached the provider`);
    return JSON.stringify(wanted.at(-1).body);
  }

  /** That all of these stand in what reached the provider. */
  async carried(...texts) {
    const sent = await this.sent();
    for (const text of texts) {
      assert.ok(sent.includes(text), `${text} did not reach the provider: ${sent.slice(0, 600)}`);
    }
  }

  /** The same, or that the request's trace names the field as dropped: what is then told. */
  async carriedOrTold(field, text) {
    const sent = await this.sent();
    if (sent.includes(text)) return undefined;
    const names = dropped(await this.trace());
    assert.ok(
      names.some((name) => name.includes(field)),
      `${field} was neither carried nor told: ${names}, ${sent.slice(0, 600)}`,
    );
    return `\`${field}\` is told as dropped`;
  }

  /** The newest trace whose question has the marker. */
  async trace() {
    for (let tries = 0; tries < 100; tries++) {
      const { traces } = await fetched(`${URL_}/api/traces?limit=20`);
      const found = traces.find((trace) => trace.question?.includes(this.marker));
      if (found) return fetched(`${URL_}/api/traces/${found.id}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error("the request has no trace");
  }
}

function dropped(value) {
  if (value === null || typeof value !== "object") return [];
  const own = Array.isArray(value.dropped) ? value.dropped : [];
  return [...own, ...Object.values(value).flatMap(dropped)];
}

async function fetched(url) {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${KEY}` } });
  assert.ok(answer.ok, `${url}: ${answer.status}`);
  return answer.json();
}

/** The error that the call ends in, if it is of this kind. */
export async function refused(kind, call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

/** All pieces of a stream. */
export async function all(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

// What a client lets fall on the way, such as a promise of its own that nobody waits for, decides no check.
process.on("unhandledRejection", () => {});

/** A client under test: its checks, and their outcome. */
export class Client {
  constructor(name, pack) {
    const about = new URL(`./node_modules/${pack}/package.json`, import.meta.url);
    this.name = name;
    this.version = JSON.parse(readFileSync(about, "utf8")).version;
    this.checks = [];
  }

  check(feature, check, behind = BEHIND) {
    this.checks.push([feature, behind, check]);
  }

  async run() {
    tell({ client: this.name, version: this.version });
    for (const [feature, behind, check] of this.checks) {
      if (!feature.includes(ONLY)) continue;
      for (const provider of behind) {
        tell({ client: this.name, feature, behind: provider, ...(await attempt(check, new Ask(provider))) });
      }
    }
    process.exit(0);
  }
}

async function attempt(check, ask) {
  try {
    const told = await check(ask);
    return told ? { outcome: "told", reason: told } : { outcome: "pass", reason: null };
  } catch (error) {
    if (process.env.CONFORMANCE_TRACE) console.error(error);
    return { outcome: "fail", reason: `${error?.name}: ${error?.message}`.slice(0, 500) };
  }
}
