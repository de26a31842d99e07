/* Goes on as soon as the apps in the frames have answered, or after three seconds if one does not. */
"use strict";
(() => {
  const next = document.querySelector("a[data-next]");
  if (!next) return;
  const go = () => location.replace(next.href);
  addEventListener("load", go);
  setTimeout(go, 3000);
})();
