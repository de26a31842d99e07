// Keeps the gate's page and its files, so that a device that was here once goes on without a network.
"use strict";

const CACHE = "gate-1";
const FILES = [/*FILES*/];
const PAGE = "/gate";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...FILES, PAGE])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

// The page comes from the network and, when there is none, as it was last; files have their content in their names.
const pageFirst = async (request) => {
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(CACHE)).put(PAGE, answer.clone());
    return answer;
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept) return kept;
    throw error;
  }
};

const keptFirst = async (request) => (await caches.match(request)) || fetch(request);

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === PAGE) event.respondWith(pageFirst(event.request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(keptFirst(event.request));
});
