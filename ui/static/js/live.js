// A page that is open hears that something has changed, and looks again. Without a connection it looks by itself.
(() => {
  "use strict";
  const AGAIN = 10000;
  const parts = (path) => [...document.querySelectorAll("[data-live]")].filter((part) => part.dataset.live === path);

  const listen = (path) => {
    const source = new EventSource(path);
    let timer = 0;
    const stop = () => {
      source.close();
      clearInterval(timer);
    };
    const look = () => {
      const found = parts(path);
      if (!found.length) stop();
      for (const part of found) part.dispatchEvent(new CustomEvent("look"));
    };
    source.addEventListener("changed", look);
    // The browser connects again by itself, unless it was refused for good.
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED && !timer) timer = setInterval(look, AGAIN);
    });
    window.addEventListener("pagehide", stop, { once: true });
  };

  const begin = () => {
    for (const path of new Set([...document.querySelectorAll("[data-live]")].map((part) => part.dataset.live))) listen(path);
  };
  begin();
  window.addEventListener("pageshow", (event) => event.persisted && begin());
})();
