// The console in a real Chromium: `node console.mjs BASE_URL CHROMIUM [SCREENSHOT_FOLDER]`. Every page is looked at in
// light and dark, on a laptop and on a phone, and checked by axe; its weight at a first load is printed.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, executablePath, shots] = process.argv.slice(2);
const browser = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "surefoot-console-")), {
  executablePath,
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const page = await browser.newPage();
const troubles = [];
page.on("pageerror", (error) => troubles.push(`script: ${error.message}`));
page.on("console", (message) => message.type() === "error" && troubles.push(`console: ${message.text()}`));
const shot = async (name) => shots && (await page.screenshot({ path: join(shots, `${name}.png`) }));

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** Most bytes of a page with all that it loads, before they are compressed. */
const HEAVIEST = 150_000;

/** What axe finds on the page as it is. */
async function violations() {
  await page.evaluate(axe);
  const found = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values } }), STANDARD);
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

/** A page with its styles and scripts, in bytes, and how long the server took for it, in milliseconds. */
async function weight(path) {
  const began = performance.now();
  const html = await (await page.request.get(`${base}${path}`)).text();
  const took = performance.now() - began;
  const assets = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, asset]) => asset);
  let bytes = Buffer.byteLength(html);
  for (const asset of new Set(assets)) bytes += (await (await page.request.get(`${base}${asset}`)).body()).length;
  return { bytes, took };
}

/** No page may be wider than its window or break a rule of accessibility, in either colour scheme, on a laptop and on
 * a phone; none may be heavy. */
async function fits(name) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, width, height] of [["laptop", 1280, 800], ["phone", 390, 844]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${name} is ${wide} px too wide on a ${device}`);
      assert.deepEqual(await violations(), [], `${name}, ${colorScheme}, on a ${device}`);
      await shot(`${name}-${device}-${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
  const { bytes, took } = await weight(new URL(page.url()).pathname);
  console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB, ${took.toFixed(0)} ms`);
  assert.ok(bytes < HEAVIEST, `${name} weighs ${bytes} bytes`);
}

const ask = (question, model = "answer") =>
  page.request.post(`${base}/v1/chat/completions`, { data: { model, messages: [{ role: "user", content: question }] } });

// Ask: the answer streams in, and a citation opens its passage in its document.
await page.goto(`${base}/ask`);
await page.getByRole("textbox").first().fill("How does Surefoot check a citation?");
await page.getByRole("button", { name: /ask/i }).click();
const citation = page.locator(".citation a, a.citation").first();
await citation.waitFor();
assert.match(await page.locator("#answer").innerText(), /passage/);
await fits("ask");
await citation.click();
await page.waitForURL(/\/documents\//);
assert.match(await page.locator("mark").first().innerText(), /passage/);
await fits("document");

// Traces: the list, narrowed by links, and one trace with its steps, its reasons and its passages.
assert.equal((await ask("hello", "sim/fail-400")).ok(), false);
await page.goto(`${base}/traces`);
await page.getByText("How does Surefoot check a citation?").first().waitFor();
await fits("traces");
await page.getByRole("group", { name: "Outcome" }).getByRole("link", { name: "failed" }).click();
await page.waitForURL(/outcome=failed/);
assert.equal(await page.getByText("How does Surefoot check a citation?").count(), 0);
await page.getByRole("link", { name: "sim/fail-400", exact: true }).first().click();
await page.getByRole("link", { name: /asked: sim\/fail-400/ }).click();
await page.waitForURL((url) => !url.search.includes("asked"));
await page.getByRole("group", { name: "Outcome" }).getByRole("link", { name: "all" }).click();
await page.getByRole("searchbox").fill("check a citation");
await page.getByRole("button", { name: "Search" }).click();
await page.getByRole("link", { name: /How does Surefoot check a citation/ }).first().click();
await page.waitForURL(/\/traces\/tr_/);
await page.getByText("Everything that was decided").click();
const told = await page.locator("main").innerText();
for (const word of ["identify", "ground", "attempt", "verify", "record", "local/extract", "slow, dear or wrong"]) {
  assert.ok(told.includes(word), `the trace does not show '${word}'`);
}
await fits("trace");
await page.getByRole("button", { name: "A bad answer" }).click();
await page.getByText("Feedback speaks against it: thumbs.").waitFor();

// The overview: what was asked, by function, with the eval's pass rate; and it stays as things are by itself.
await page.goto(base);
for (const name of ["Requests", "Failed", "Cost", "Time to answer", "Quality over time", "Newest requests"]) {
  await page.getByRole("heading", { name }).first().waitFor();
}
await page.getByRole("button", { name: "Live: pause" }).waitFor();
await fits("overview");
await ask("What does a guard do?");
await page.getByRole("link", { name: "What does a guard do?" }).waitFor();
await page.getByRole("button", { name: "Live: pause" }).click();
await page.getByRole("button", { name: "Paused: go on" }).waitFor();
await page.getByRole("group", { name: "Time" }).getByRole("link", { name: "30 days" }).click();
await page.getByRole("region", { name: "Functions" }).getByRole("link", { name: "answer", exact: true }).click();
await page.getByRole("heading", { name: "answer", level: 1 }).waitFor();
assert.match(page.url(), /days=30&function=answer/);

// A trace becomes a case of a dataset, where and what is shown first, and only when that is confirmed. Personal
// data is masked.
const personal = (await ask("Is ann.lee@example.com told how a citation is checked?")).headers()["x-surefoot-trace"];
await page.goto(`${base}/traces/${personal}/case`);
assert.equal(await page.getByLabel("What is asked").inputValue(), "Is [EMAIL] told how a citation is checked?");
await page.goto(`${base}/traces?text=check+a+citation`);
await page.getByRole("link", { name: /How does Surefoot check a citation/ }).first().click();
await page.getByRole("link", { name: "Add it to a dataset" }).click();
await page.getByLabel("Dataset").selectOption("evals/answer.jsonl");
await fits("case");
await page.getByLabel("What is expected").fill("passage");
await page.getByRole("checkbox").check();
await page.getByRole("button", { name: "Add the case" }).click();
await page.getByText("A line was added to evals/answer.jsonl").waitFor();
const addition = page.locator("main pre");
assert.deepEqual(Object.keys(JSON.parse(await addition.innerText())), ["id", "input", "expect"]);

// The playground: the question of a trace again, in two lanes at once, one of them with an edited prompt, which is
// then saved as a variant.
await page.getByRole("link", { name: "back to the trace" }).click();
await page.getByRole("link", { name: "Ask it again in the playground" }).click();
assert.equal(await page.getByLabel("Question, for all of them").inputValue(), "How does Surefoot check a citation?");
const lane = (number) => page.getByRole("region", { name: `Lane ${number}` });
assert.equal(await lane(1).getByRole("combobox").inputValue(), "answer@quote");
await lane(2).getByRole("combobox").selectOption("sim/echo");
await fits("playground");
await page.getByRole("button", { name: "One more beside them" }).click();
await lane(3).getByRole("combobox").selectOption("answer@quote");
await lane(3).getByText("Edit its prompt").click();
const prompt = lane(3).getByRole("textbox", { name: "The prompt's file" });
await page.waitForFunction(() => document.querySelectorAll("textarea[name=text]")[2]?.value.includes("local/extract"));
await prompt.fill((await prompt.inputValue()).replace("local/extract", "sim/echo").replace("Answer the", "Kindly answer the"));
await page.getByRole("button", { name: "Ask all" }).click();
for (const number of [1, 2, 3]) await lane(number).getByRole("link", { name: "trace" }).waitFor();
assert.match(await lane(1).locator(".answer").innerText(), /passage/);
assert.match(await lane(3).locator(".answer").innerText(), /check a citation/);
await shot("playground-answers-laptop-light");
await lane(3).getByLabel("New variant").fill("kind");
await lane(3).getByRole("button", { name: "See what changes" }).click();
await page.getByRole("heading", { name: "What changes" }).waitFor();
assert.match(await page.locator(".diff .added").last().innerText(), /Kindly answer/);
await fits("variant");
await page.getByRole("checkbox").check();
await page.getByRole("button", { name: "Save" }).click();
await page.getByText("functions/answer/kind.md was written.").waitFor();
assert.match(await page.locator("main").innerText(), /surefoot eval answer --against answer@kind/);
await page.waitForFunction(async () => (await fetch("/playground/text?model=answer@kind")).ok, null, { polling: 200 });
const strange = await page.request.post(`${base}/playground/save`, { form: { model: "answer@quote", text: "x", name: "y", confirmed: "yes" } });
assert.equal(strange.status(), 403, "what does not come from a page writes nothing");

// Knowledge: the documents, a bench that says what brought each passage up, and what no document answered.
await ask("Who won the football match yesterday?");
await page.goto(`${base}/knowledge`);
await page.locator("main").getByRole("link", { name: "docs" }).click();
await page.getByRole("region", { name: "Documents", exact: true }).getByRole("link", { name: "quickstart.md" }).waitFor();
await page.getByRole("link", { name: /search for Who won the football/ }).waitFor();
await page.getByRole("searchbox", { name: "What to look for" }).fill("citation checked");
await page.getByRole("button", { name: "Search" }).click();
await page.getByText(/words \(BM25\)/).first().waitFor();
assert.ok((await page.locator("mark").count()) > 0);
await fits("knowledge");

// Health: the targets that were asked.
await page.goto(`${base}/health`);
await page.getByRole("cell", { name: "local/extract" }).waitFor();
await fits("health");

// Evals: the run that was made before, and its cases.
await page.goto(`${base}/evals`);
await page.locator("main").getByRole("link", { name: /answer/ }).first().click();
await page.waitForURL(/\/evals\/run_/);
assert.match(await page.locator("main").innerText(), /abstains/);
await fits("eval");

// Keys: one is made with its secret shown once, rotated, and revoked only when that is confirmed.
await page.goto(`${base}/keys`);
await page.getByText("No keys yet.").waitFor();
await fits("keys-empty");
await page.getByRole("textbox", { name: "Name" }).fill("web");
await page.getByText("Scope, limits and budget").click();
await page.getByRole("textbox", { name: "Models" }).fill("local/*, sim/ok");
await page.getByRole("button", { name: "Make the key" }).click();
const secret = await page.locator("#secret").innerText();
assert.match(secret, /^sf-[0-9a-f]{32}$/);
await page.getByRole("button", { name: "Copy" }).click();
await page.getByRole("button", { name: /Copied|Selected/ }).waitFor();
await fits("keys");
const models = (key) => page.request.get(`${base}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
const usable = (await (await models(secret)).json()).data.map((model) => model.id);
assert.ok(usable.includes("sim/ok") && !usable.includes("sim/echo"), `the key may use ${usable}`);
await page.goto(`${base}/keys`);
assert.equal(await page.locator("#secret").count(), 0);
await page.getByText("Change web").click();
await page.getByRole("button", { name: "Rotate" }).click();
const rotated = await page.locator("#secret").innerText();
assert.notEqual(rotated, secret);
await page.getByText("Change web").click();
await page.getByRole("button", { name: "Revoke" }).click();
assert.equal((await models(rotated)).status(), 200, "an unconfirmed revocation changes nothing");
await page.getByRole("checkbox").check();
await page.getByRole("button", { name: "Revoke" }).click();
await page.getByText("revoked").waitFor();
assert.equal((await models(rotated)).status(), 401);

// Spending, budgets and audit: what was asked above shows, and the chain of the changes to the key holds.
await page.goto(`${base}/spend?by=model`);
assert.match(await page.locator("main").innerText(), /local\/extract/);
assert.ok((await page.locator("svg.chart rect.rail").count()) >= 30);
await fits("spend");
await page.getByRole("link", { name: "local/extract" }).click();
await page.getByText("By day: local/extract").waitFor();
await page.goto(`${base}/budgets`);
await fits("budgets");
await page.goto(`${base}/audit`);
const noted = await page.locator("main").innerText();
for (const word of ["Every event follows from the one before", "key.create", "key.rotate", "key.revoke", "case.add", "variant.add"]) {
  assert.ok(noted.includes(word), `the audit log does not show '${word}'`);
}
await fits("audit");

// Pages work with the keyboard alone: past the pages to the content, and through the menu on a phone.
await page.goto(`${base}/traces`);
await page.keyboard.press("Tab");
assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the content");
await page.keyboard.press("Enter");
assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
await page.setViewportSize({ width: 390, height: 844 });
await page.getByRole("button", { name: "Menu" }).focus();
await page.keyboard.press("Enter");
await page.getByRole("navigation", { name: "Pages" }).waitFor();
assert.deepEqual(await violations(), [], "the menu");
await shot("menu-phone-light");
await page.keyboard.press("Escape");
await page.getByRole("navigation", { name: "Pages" }).waitFor({ state: "hidden" });
await page.setViewportSize({ width: 1280, height: 800 });

// Colours are as the system's, or as they were chosen, and stay so.
const theme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
await page.getByRole("button", { name: "Colours: system" }).click();
await page.getByRole("button", { name: "Colours: light" }).click();
await page.reload();
await page.getByRole("button", { name: "Colours: dark" }).waitFor();
assert.equal(await theme(), "dark");
await page.getByRole("button", { name: "Colours: dark" }).click();

assert.deepEqual(troubles, []);
await browser.close();
console.log("ok");
