/* Hands an app in a frame a short-lived token when it asks: its own cookies may be blocked there. And takes the app
   away within seconds once it may not be opened any more, whatever it would go on showing by itself. */
"use strict";
(() => {
  const frame = document.querySelector("iframe[data-tokens]");
  if (!frame) return;
  const { origin, tokens, standing, launch } = frame.dataset;
  const GONE = [401, 403, 404, 409, 410], LOOK_EVERY_MS = 4000;
  const look = async () => {
    if (document.hidden) return;
    const response = await fetch(standing, { headers: { Accept: "application/json" } }).catch(() => null);
    if (response && GONE.includes(response.status)) location.reload();
  };
  setInterval(look, LOOK_EVERY_MS);
  document.addEventListener("visibilitychange", look);
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
