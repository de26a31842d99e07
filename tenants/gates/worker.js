// Keeps the gate's page and its files, so that a device that was here once goes on without a network.
"use strict";

const CACHE = "gate-2";
const FILES = [/*FILES*/];
const PAGE = "/*PAGE*/";
const PATIENCE_MS = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...FILES, PAGE])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

const KEPT = { ignoreVary: true };
const late = () => new Promise((_, reject) => { setTimeout(() => reject(new Error("late")), PATIENCE_MS); });

// The page comes from the network and, when there is none or it is too slow, as it was last.
const pageFirst = async (request) => {
  const kept = await caches.match(PAGE, KEPT);
  try {
    const answer = await (kept ? Promise.race([fetch(request), late()]) : fetch(request));
    if (answer.ok) (await caches.open(CACHE)).put(PAGE, answer.clone());
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
};

// Files have their content in their names: what was fetched once is kept.
const keptFirst = async (request) => {
  const kept = await caches.match(request, KEPT);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(CACHE)).put(request, answer.clone());
  return answer;
};

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === PAGE) event.respondWith(pageFirst(event.request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(keptFirst(event.request));
});
