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

// The page works with the keyboard alone.
await page.goto(base);
await page.keyboard.press("Tab");
assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), "BODY");

assert.deepEqual(troubles, []);
await browser.close();
console.log("ok");
