// Forms that are filled in where there is no network: what is typed stays on the device until it has been sent.
// <form data-offline="an id of this form's own" data-offline-worker="/where/the/worker.js" data-offline-scope="/here">
(() => {
  const form = document.querySelector("form[data-offline]");
  if (!form || !window.localStorage) return;
  const place = `offline:${form.dataset.offlinePlace}`;
  const told = form.querySelector("[data-offline-told]");
  const fields = () => [...form.elements].filter((field) => field.name);

  const keep = (isWaiting) => {
    const values = Object.fromEntries(fields().map((field) => [field.name, field.value]));
    localStorage.setItem(place, JSON.stringify({ values, isWaiting, id: form.dataset.offline }));
  };

  const restore = () => {
    const kept = JSON.parse(localStorage.getItem(place) || "null");
    if (!kept) return null;
    for (const field of fields()) if (kept.values[field.name]) field.value = kept.values[field.name];
    return kept;
  };

  const tell = (isWaiting) => {
    if (told) told.hidden = !isWaiting;
  };

  const send = async () => {
    keep(true);
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body, redirect: "follow" });
      if (answer.redirected) {
        localStorage.removeItem(place);
        window.location.replace(answer.url);
        return;
      }
      keep(false);
      HTMLFormElement.prototype.submit.call(form);
    } catch {
      tell(true);
    }
  };

  form.addEventListener("input", () => keep(false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  const sendWhatWaits = () => {
    const kept = JSON.parse(localStorage.getItem(place) || "null");
    if (kept && kept.isWaiting) send();
  };
  window.addEventListener("online", sendWhatWaits);
  setInterval(sendWhatWaits, 10000); // not every device tells when the network is back
  const kept = restore();
  if (kept && kept.isWaiting) {
    tell(true);
    if (navigator.onLine) send();
  }
  if (navigator.serviceWorker && form.dataset.offlineWorker) {
    navigator.serviceWorker.register(form.dataset.offlineWorker, { scope: form.dataset.offlineScope });
  }
})();
