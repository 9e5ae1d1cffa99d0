// Keeps the parts of a page that are marked with data-live as they are now. Without this script they are as they
// were when the page was opened.
const LEAST = 3000;
const button = document.getElementById("live");
let source = null;
let waiting = 0;

/** Takes the marked parts out of the page as it is now, and leaves open what was opened. */
async function renew() {
  waiting = 0;
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (!now || part.contains(document.activeElement)) continue;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    part.replaceChildren(...now.childNodes);
    part.querySelectorAll("details").forEach((one, index) => (one.open = open[index] ?? one.open));
  }
}

function start() {
  source = new EventSource("/live");
  source.addEventListener("trace", () => (waiting ||= setTimeout(renew, LEAST)));
}

function stop() {
  source?.close();
  source = null;
  clearTimeout(waiting);
  waiting = 0;
}

function tell() {
  button.textContent = source ? "Live: pause" : "Paused: go on";
  button.ariaPressed = String(!source);
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    if (source) stop();
    else {
      start();
      renew();
    }
    tell();
  });
  start();
  tell();
}
