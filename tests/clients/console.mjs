// The console in a real Chromium: `node console.mjs BASE_URL CHROMIUM [SCREENSHOT_FOLDER]`.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
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

/** No page may be wider than its window, in either colour scheme, on a laptop and on a phone. */
async function fits(name) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, width, height] of [["laptop", 1280, 800], ["phone", 390, 844]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${name} is ${wide} px too wide on a ${device}`);
      await shot(`${name}-${device}-${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}

// Ask: the answer streams in, and a citation opens its passage in its document.
await page.goto(base);
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

// Traces: the list, and one trace with its steps and passages.
await page.goto(`${base}/traces`);
await page.getByText("How does Surefoot check a citation?").first().waitFor();
await fits("traces");
await page.getByRole("link", { name: /How does Surefoot check a citation/ }).first().click();
await page.waitForURL(/\/traces\/tr_/);
const told = await page.locator("main").innerText();
for (const word of ["identify", "ground", "attempt", "verify", "record", "local/extract"]) {
  assert.ok(told.includes(word), `the trace does not show '${word}'`);
}
await fits("trace");

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
for (const word of ["Every event follows from the one before", "key.create", "key.rotate", "key.revoke"]) {
  assert.ok(noted.includes(word), `the audit log does not show '${word}'`);
}
await fits("audit");

// The page works with the keyboard alone.
await page.goto(base);
await page.keyboard.press("Tab");
assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), "BODY");

assert.deepEqual(troubles, []);
await browser.close();
console.log("ok");
