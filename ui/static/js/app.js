// Niceties only: every page works without this file. No page state lives here.
(() => {
  "use strict";

  // Focus goes to an error summary after a swap; on load its autofocus does that.
  const focusErrors = (root) => root.querySelector?.("[data-focus]")?.focus();

  // Menus close on Escape and on a click elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (menu !== except) menu.open = false;
    }
  };

  // Filters apply when a choice changes; typed text waits for Enter.
  const autosubmit = (event) => {
    const form = event.target.closest?.("form[data-autosubmit]");
    if (form && event.target.matches("select, input[type=date], input[type=month], input[type=checkbox]")) {
      form.requestSubmit();
    }
  };

  // A form that was changed asks before it is left.
  const changed = new Set();
  const noteChange = (event) => {
    const form = event.target.closest?.("form[data-unsaved][method=post]");
    if (form) changed.add(form);
  };
  const warn = (event) => {
    for (const form of changed) {
      if (form.isConnected) {
        event.preventDefault();
        return;
      }
    }
  };

  // A POST is sent once: a second click while the first is under way does nothing.
  const sendOnce = (event) => {
    const form = event.target;
    changed.delete(form);
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 10000);
  };
  const resetSent = () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  };

  // What waits is counted once the page is there: no page waits for it.
  const count = async (place) => {
    try {
      const answer = await fetch(place.dataset.counter);
      const said = answer.ok && !answer.redirected ? await answer.text() : "";
      if (/^[\d,.]+$/.test(said)) place.textContent = said;
    } catch {
      // The page is being left, or there is no network: the place keeps its name.
    }
  };
  document.querySelectorAll("[data-counter]").forEach(count);

  // A long menu shows where one is.
  const rail = document.querySelector(".rail__body");
  const here = rail?.querySelector("[aria-current]");
  if (here && here.offsetTop + here.offsetHeight > rail.clientHeight) rail.scrollTop = here.offsetTop - rail.clientHeight / 2;

  // An answer that travels by a form goes on by itself; its button is for whoever has no scripts.
  document.querySelector("form[data-sends-itself]")?.requestSubmit();

  const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  let prefix = "";

  const goTo = (number) => document.querySelectorAll(".rail__link")[number - 1]?.click();

  const shortcuts = {
    "/": () => document.querySelector("[data-shortcut='/']")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
    n: () => document.querySelector(".pagehead__actions .btn--primary")?.click(),
    "[": () => document.querySelector(".pager [rel=prev]")?.click(),
    "]": () => document.querySelector(".pager [rel=next]")?.click(),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    p: () => document.querySelector("[data-print]") && window.print(),
    w: () => document.querySelector("[data-next]")?.click(),
  };

  const moveRow = (step) => {
    const links = [...document.querySelectorAll(".table tbody tr a:first-of-type")];
    const row = document.activeElement.closest?.("tr");
    const at = links.findIndex((link) => link.closest("tr") === row);
    links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
  };

  // Single keys can be switched off in their list (WCAG 2.1.4); the choice is this device's.
  const keysSwitch = document.getElementById("keys-on");
  const areKeysOn = () => localStorage.getItem("keys") !== "off";
  if (keysSwitch) {
    keysSwitch.checked = areKeysOn();
    keysSwitch.addEventListener("change", () => localStorage.setItem("keys", keysSwitch.checked ? "on" : "off"));
  }

  const onKey = (event) => {
    if (event.key === "Escape") closeMenus();
    if (event.key !== "?" && !areKeysOn()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (prefix === "g" && /^[1-9]$/.test(event.key)) {
      prefix = "";
      goTo(Number(event.key));
      return;
    }
    prefix = event.key === "g" ? "g" : "";
    const act = shortcuts[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  };

  document.addEventListener("click", (event) => closeMenus(event.target.closest?.("details[data-menu]")));
  document.addEventListener("change", autosubmit);
  document.addEventListener("input", noteChange);
  document.addEventListener("submit", sendOnce);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:after:swap", (event) => {
    resetSent();
    focusErrors(event.target);
  });
  window.addEventListener("beforeunload", warn);
  window.addEventListener("pageshow", resetSent);
})();
