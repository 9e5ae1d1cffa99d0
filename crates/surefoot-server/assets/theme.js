// Light, dark, or as the system is. It runs before the page is drawn, so that no page flashes.
const root = document.documentElement;
const CHOICES = ["system", "light", "dark"];
const kept = () => localStorage.getItem("theme") ?? "system";
const apply = (theme) => (theme === "system" ? delete root.dataset.theme : (root.dataset.theme = theme));
apply(kept());
addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    const tell = () => (button.textContent = `Colours: ${kept()}`);
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = CHOICES[(CHOICES.indexOf(kept()) + 1) % CHOICES.length];
      localStorage.setItem("theme", next);
      apply(next);
      tell();
    });
    tell();
  }
});
