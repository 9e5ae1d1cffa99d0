// The element for feedback, on a page of another site in a real Chromium:
// `node feedback.mjs PAGE SUREFOOT CHROMIUM TOKEN TOKEN`.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [address, surefoot, executablePath, first, second] = process.argv.slice(2);
const browser = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), "surefoot-feedback-")), {
  executablePath,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
const troubles = [];
page.on("pageerror", (error) => troubles.push(`script: ${error.message}`));
page.on("console", (message) => message.type() === "error" && !/favicon/.test(message.location().url) && troubles.push(`console: ${message.text()}`));

async function show(token, attributes) {
  await page.goto(address);
  await page.addScriptTag({ url: `${surefoot}/feedback.js` });
  await page.evaluate(([token, attributes]) => {
    const element = document.createElement("surefoot-feedback");
    for (const [name, value] of Object.entries({ token, ...attributes })) element.setAttribute(name, value);
    document.querySelector("main").append(element);
  }, [token, attributes]);
}
const told = (text) => page.getByRole("status").filter({ hasText: text }).waitFor();

// Thumbs, by keyboard: pressed, taken back, and the other one.
await show(first, { for: "shown", signals: "copied abandoned", labels: JSON.stringify({ thanks: "Kept." }) });
await page.getByRole("group", { name: "Was this answer good?" }).waitFor();
const good = page.getByRole("button", { name: "Good answer" });
const bad = page.getByRole("button", { name: "Bad answer" });
await page.keyboard.press("Tab");
assert.ok(await good.evaluate((button) => button.getRootNode().activeElement === button), "the first stop is the first button");
await page.keyboard.press("Enter");
await told("Kept.");
assert.equal(await good.getAttribute("aria-pressed"), "true");
await good.click();
await told("taken back");
assert.equal(await good.getAttribute("aria-pressed"), "false");
await bad.click();
await told("Kept.");
assert.equal(await bad.getAttribute("aria-pressed"), "true");
const box = await bad.boundingBox();
assert.ok(box.width >= 44 && box.height >= 44, "a thumb hits it");

// Words, behind a button.
const more = page.getByRole("button", { name: "Say more" });
assert.equal(await more.getAttribute("aria-expanded"), "false");
await more.click();
assert.equal(await more.getAttribute("aria-expanded"), "true");
await page.getByRole("textbox", { name: "Comment" }).fill("Too short.");
await page.getByRole("textbox", { name: "What it should have said" }).fill("Returns are free for 60 days.");
await page.getByRole("button", { name: "Send" }).click();
await page.waitForFunction(() => [...document.querySelector("surefoot-feedback").shadowRoot.querySelectorAll("textarea")].every((area) => area.value === ""));

// What the user does, and what the page says itself.
const heard = page.waitForResponse((response) => response.url().endsWith("/api/feedback") && response.request().postData().includes("copied"));
await page.evaluate(() => {
  getSelection().selectAllChildren(document.getElementById("shown"));
  document.getElementById("shown").dispatchEvent(new ClipboardEvent("copy", { bubbles: true }));
});
assert.equal((await heard).status(), 201);
await page.evaluate(([token, server]) => surefootFeedback.send(token, "bought", true, { server }), [first, surefoot]);

// Whoever leaves without a word leaves a sign; whoever has said something does not.
await show(second, { signals: "abandoned" });
await page.getByRole("button", { name: "Good answer" }).waitFor();
await page.goto("about:blank");

assert.deepEqual(troubles, []);

// A token that is not one: the user hears that it was not sent.
await show("sft_nonsense", {});
await page.getByRole("button", { name: "Good answer" }).click();
await told("could not be sent");
assert.equal(await page.getByRole("button", { name: "Good answer" }).getAttribute("aria-pressed"), "false");

await browser.close();
console.log("ok");
