// Forms that are sent from where there may be no network, files and all: each is kept on the device with a number and a
// time of its own, and sent until the server has answered for good. Around them:
// <div data-away="a name of its own" data-away-worker="/worker.js" data-waits data-failed data-signin>, in it for each
// <div data-away-box="which"> with a <form data-away-form="which"> (its field `key` is the number) a data-away-told="which",
// and one data-away-state.
(() => {
  "use strict";

  const root = document.querySelector("[data-away]");
  if (!root || !window.indexedDB || !("fetch" in window)) return;
  const state = root.querySelector("[data-away-state]");

  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open(root.dataset.away, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("said", { keyPath: "key" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const inStore = async (mode, act) => {
    const store = (await opened).transaction("said", mode).objectStore("said");
    return new Promise((resolve, reject) => {
      const asked = act(store);
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  };
  const keep = (one) => inStore("readwrite", (store) => store.put(one));
  const drop = (key) => inStore("readwrite", (store) => store.delete(key));
  const kept = async () => (await inStore("readonly", (store) => store.getAll())).sort((a, b) => (a.at < b.at ? -1 : 1));

  const tell = (which, words, hasEnded) => {
    const told = root.querySelector(`[data-away-told="${which}"]`);
    if (!told) return;
    told.textContent = words;
    told.hidden = false;
    const box = root.querySelector(`[data-away-box="${which}"]`);
    if (box) box.hidden = hasEnded;
  };

  const send = async (one) => {
    const body = new FormData();
    for (const [name, value] of one.fields) body.append(name, value, ...(value instanceof File ? [value.name] : []));
    const answer = await fetch(one.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.redirected || [401, 403].includes(answer.status)) throw new Error("signed out");
    if (answer.status >= 500 || answer.status === 429) throw new Error(`status ${answer.status}`);
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      await keep({ ...one, failed: told.detail || told.title || String(answer.status) });
      return null;
    }
    await drop(one.key);
    return told;
  };

  // What waits is shown at its order; one that was said to be done is not asked for again.
  const show = async () => {
    for (const one of await kept()) {
      const words = one.failed ? root.dataset.failed.replace("{reason}", one.failed) : root.dataset.waits;
      tell(one.which, words, one.isDone && !one.failed);
    }
  };

  let isSending = false;
  const drain = async () => {
    if (isSending) return;
    isSending = true;
    try {
      for (const one of (await kept()).filter((each) => !each.failed)) {
        const told = await send(one);
        if (told) tell(one.which, told.words, ["done", "confirmed", "cancelled"].includes(told.status));
      }
      state.hidden = navigator.onLine;
    } catch (error) {
      state.hidden = false;
      if (error.message === "signed out") state.textContent = root.dataset.signin;
    } finally {
      isSending = false;
      await show();
      root.dataset.left = (await kept()).length;
    }
  };

  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  root.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-away-form]");
    if (!form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const data = new FormData(form, event.submitter);
    const at = new Date().toISOString();
    data.set("said_at", at);
    const fields = [...data].filter(([, value]) => !(value instanceof File) || value.size);
    const one = { key: data.get("key"), which: form.dataset.awayForm, action: form.action, at, fields, isDone: data.has("is_done") };
    await keep(one);
    form.elements.key.value = newKey();
    form.elements.text.value = "";
    form.elements.files.value = "";
    await drain();
  }, true);

  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register(root.dataset.awayWorker, { scope: root.dataset.away }).catch(() => {});
  }
  window.addEventListener("online", drain);
  window.addEventListener("offline", () => { state.hidden = false; });
  setInterval(drain, 10000); // not every device tells when the network is back
  drain();
})();
