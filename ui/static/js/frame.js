/* Hands an app in a frame a short-lived token when it asks: its own cookies may be blocked there. */
"use strict";
(() => {
  const frame = document.querySelector("iframe[data-tokens]");
  if (!frame) return;
  const { origin, tokens, launch } = frame.dataset;
  const answer = (message) => frame.contentWindow.postMessage(message, origin);
  addEventListener("message", async (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    if (!event.data || event.data.type !== "scenario-cloud:token") return;
    const id = event.data.id;
    try {
      const body = new URLSearchParams({ launch });
      const response = await fetch(tokens, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.status);
      answer({ type: "scenario-cloud:token", id, ...(await response.json()) });
    } catch (error) {
      answer({ type: "scenario-cloud:refused", id, status: Number(error.message) || 0 });
    }
  });
})();
