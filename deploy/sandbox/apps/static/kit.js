/* Inside Scenario Cloud's page our cookies may be blocked: every request carries a session token instead, which we ask
   the page around us for. In a page of our own this file does nothing. */
"use strict";
(() => {
  const body = document.body;
  if (!body.dataset.issuer || window.parent === window) return;
  let token = "", ends = 0, waiting = new Map(), count = 0;

  addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== body.dataset.issuer || !event.data) return;
    const settle = waiting.get(event.data.id);
    if (!settle) return;
    waiting.delete(event.data.id);
    settle(event.data);
  });

  async function fresh() {
    if (Date.now() < ends) return token;
    const id = String(++count);
    const told = await new Promise((settle) => {
      waiting.set(id, settle);
      window.parent.postMessage({ type: "scenario-cloud:token", id }, body.dataset.issuer);
    });
    if (!told.token) throw new Error("refused");
    token = told.token;
    ends = Date.now() + (told.expires_in - 15) * 1000;
    return token;
  }

  async function show(url, options = {}) {
    const main = document.querySelector("main");
    main.setAttribute("aria-busy", "true");
    try {
      const headers = { Authorization: "Bearer " + (await fresh()) };
      const answer = await fetch(url, { ...options, headers });
      const type = answer.headers.get("Content-Type") || "";
      if (!type.startsWith("text/html")) return save(await answer.blob(), answer);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      main.replaceWith(page.querySelector("main"));
      document.title = page.title;
      document.documentElement.lang = page.documentElement.lang;
    } catch (error) {
      main.textContent = body.dataset.refused;
    }
  }

  function save(blob, answer) {
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name ? name[1] : "file";
    link.click();
    document.querySelector("main").removeAttribute("aria-busy");
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.target || link.origin !== location.origin) return;
    event.preventDefault();
    show(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    event.preventDefault();
    const data = new URLSearchParams(new FormData(form, event.submitter));
    if (form.method === "get") show(form.action + "?" + data);
    else show(form.action, { method: "POST", body: data });
  });
  show(body.dataset.start);
})();
