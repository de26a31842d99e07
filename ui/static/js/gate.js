// A gate's page: scans are judged by the server while there is a network, and by the industry's gateCore while there is
// none. What was scanned alone waits here with its own number and time, and is sent until the server has answered for good.
// <div data-gate data-store="a name of its own" data-scans="/where/scans/go" data-list="/the/list.json" data-worker data-scope
//      data-words data-kinds data-online data-offline data-waiting data-check data-signin> around a <form data-scan>.
// What is long in the list (its `numbers`) is only sent when the device lacks it, and kept meanwhile.
// gateCore.read(text, list) says what a code is, gateCore.judge(code, list, kept, facts) what comes of it here.
(() => {
  "use strict";

  const root = document.querySelector("[data-gate]");
  const form = document.querySelector("form[data-scan]");
  if (!root || !form || !("fetch" in window)) return;

  const words = JSON.parse(root.dataset.words);
  const kinds = JSON.parse(root.dataset.kinds || "{}");
  const told = root.querySelector("[data-told]");
  const stateLine = root.querySelector("[data-state]");
  const queueLine = root.querySelector("[data-queue]");
  const LIST = `${root.dataset.store}-list`;
  const QUEUE = `${root.dataset.store}-queue`;
  const KEPT = `${root.dataset.store}-kept`;
  const DEVICE = `${root.dataset.store}-device`;
  const ONLINE_MS = 2500;
  const BATCH = 100;

  const load = (name, empty) => {
    try {
      return JSON.parse(localStorage.getItem(name)) ?? empty;
    } catch (error) {
      return empty;
    }
  };
  const save = (name, value) => localStorage.setItem(name, JSON.stringify(value));
  const newNonce = () => [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");

  // This browser, for as long as it keeps what it knows: the same scan at the same gate is the same entry.
  const device = load(DEVICE, "") || crypto.randomUUID?.() || "";
  if (device) save(DEVICE, device);

  const line = (text, className) => {
    const p = document.createElement("p");
    p.textContent = text;
    if (className) p.className = className;
    return p;
  };

  // Of a pass: who may come in with it, for the keeper to compare with the document.
  const holderOf = (one, good) => {
    if (!one.holder) return [];
    const box = document.createElement("div");
    box.className = "gate__holder";
    if (good && one.photo) {
      const picture = document.createElement("img");
      picture.className = "gate__photo";
      picture.src = one.photo;
      picture.alt = one.holder;
      box.append(picture);
    }
    box.append(line(`${one.holder} · ${one.document}`));
    return [box];
  };

  const show = (one, direction) => {
    const good = one.verdict === "accepted";
    const word = good ? (direction === "exit" ? words.goodbye : words[""]) : words[one.reason] || one.reason;
    told.className = `gate__told gate__told--${one.verdict}`;
    const more = one.line ?? [kinds[one.visitor_kind], one.people ? String(one.people) : "", one.number].filter(Boolean).join(" · ");
    told.replaceChildren(line(word, "gate__word"), ...(more ? [line(more)] : []), ...holderOf(one, good));
    const doubt = root.querySelector("[data-doubt]");
    if (doubt) {
      doubt.hidden = !(good && one.holder);
      doubt.elements.nonce.value = one.nonce || "";
    }
    navigator.vibrate?.(good ? 60 : [80, 60, 80]);
  };

  const showNet = (isOnline, words = "") => {
    stateLine.textContent = words || (isOnline ? root.dataset.online : root.dataset.offline);
    const waiting = load(QUEUE, []).length;
    queueLine.textContent = waiting ? root.dataset.waiting.replace("{n}", waiting) : "";
    root.dataset.net = isOnline ? "online" : "offline";
    root.dataset.left = waiting;
  };

  // Where people sign in, nothing is answered for good until they have done so again.
  let hasEnded = false;
  const isSignedOut = (answer) => {
    hasEnded = Boolean(root.dataset.signin) && (answer.redirected || [401, 403, 404].includes(answer.status));
    return hasEnded;
  };
  const showFailed = () => showNet(false, hasEnded ? root.dataset.signin : "");

  const send = async (scans) => {
    const stop = AbortSignal.timeout ? AbortSignal.timeout(ONLINE_MS) : undefined;
    const answer = await fetch(root.dataset.scans, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ scans, device }), signal: stop,
    });
    if (answer.status >= 500 || answer.status === 429 || isSignedOut(answer)) throw new Error(`status ${answer.status}`);
    if (!answer.ok) return [];
    return (await answer.json()).told;
  };

  // What was let in here; the list counts it (`isCounted`) once it was made after the server has heard of it (`isSent`).
  const remember = (scan, code, people, isSent) => {
    const at = Date.parse(scan.scanned_at);
    const entry = { ticket: code.ticket, direction: scan.direction, people, at, day: scan.scanned_at.slice(0, 10), nonce: scan.nonce, isSent };
    save(KEPT, [...load(KEPT, []), entry].slice(-20000));
  };
  const mark = (which, facts) => save(KEPT, load(KEPT, []).map((one) => (which(one) ? { ...one, ...facts } : one)));

  const keep = (scan, code, decided) => {
    save(QUEUE, [...load(QUEUE, []), scan]);
    if (code && decided.has_let_in && !decided.is_repeat) remember(scan, code, decided.people, false);
  };

  const noteAnswer = async (scan, one) => {
    const list = load(LIST, null);
    if (!list || one.verdict !== "accepted" || one.is_repeat) return;
    const code = await gateCore.read(scan.code, list);
    if (code) remember({ ...scan, scanned_at: new Date().toISOString() }, code, one.people || 1, true);
  };

  const alone = async (scan) => {
    const list = load(LIST, null);
    const now = new Date();
    const code = list ? await gateCore.read(scan.code, list) : null;
    const facts = { text: scan.code, direction: scan.direction, people: scan.people, now: now.getTime(), day: now.toISOString().slice(0, 10) };
    const decided = list
      ? gateCore.judge(code, list, load(KEPT, []), facts)
      : { has_let_in: false, reason: "unknown", people: scan.people || 1 };
    const { has_let_in, reason, people, line: said } = decided;
    keep({ ...scan, mode: "offline", scanned_at: now.toISOString(), has_let_in, reason, people, ticket: code?.ticket }, code, decided);
    return { verdict: has_let_in ? "accepted" : "rejected", reason, people, line: said };
  };

  const judge = async (scan) => {
    try {
      const [one] = await send([scan]);
      showNet(true);
      if (one) await noteAnswer(scan, one);
      if (one) return one;
      return { verdict: "rejected", reason: "unknown" };
    } catch (error) {
      const decided = await alone(scan);
      showFailed();
      return decided;
    }
  };

  // One scan after the other: what comes while one is being judged waits for its turn and is not lost.
  let turn = Promise.resolve();
  const scanned = (text) => {
    const code = text.trim();
    if (!code) return turn;
    const data = new FormData(form);
    form.elements.code.value = "";
    if (form.elements.people) form.elements.people.value = "";
    turn = turn.then(() => judged(code, data)).catch(() => {});
    return turn;
  };

  const judged = async (code, data) => {
    const direction = data.get("direction") || "entry";
    const scan = { nonce: newNonce(), code, direction, people: Number(data.get("people")) || 0, mode: "online" };
    show(await judge(scan), direction);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    scanned(form.elements.code.value);
  }, true);

  // What waits is sent in small batches; an answered scan is never sent again, whatever the answer.
  let isSending = false;
  const drain = async () => {
    if (isSending) return;
    isSending = true;
    try {
      for (let batch = load(QUEUE, []).slice(0, BATCH); batch.length; batch = load(QUEUE, []).slice(0, BATCH)) {
        const answers = await send(batch);
        const done = new Set(batch.map((one) => one.nonce));
        mark((one) => done.has(one.nonce), { isSent: true });
        save(QUEUE, load(QUEUE, []).filter((one) => !done.has(one.nonce)));
        if (answers.some((one) => one.verdict === "conflict")) told.append(line(root.dataset.check));
      }
      showNet(true);
    } catch (error) {
      showFailed();
    } finally {
      isSending = false;
    }
  };

  const keepList = (list) => {
    try {
      save(LIST, list);
    } catch (error) {
      save(LIST, { ...list, numbers: undefined });
    }
  };

  const refresh = async () => {
    try {
      const known = new Set(load(KEPT, []).filter((one) => one.isSent).map((one) => one.nonce));
      const old = load(LIST, null);
      const answer = await fetch(root.dataset.list + (old?.numbers ? `?numbers=${old.numbers.mark}` : ""));
      if (answer.ok && !isSignedOut(answer)) {
        keepList({ numbers: old?.numbers, ...(await answer.json()) });
        mark((one) => known.has(one.nonce), { isCounted: true });
      }
      await drain();
    } catch (error) {
      showFailed();
    }
  };

  const startCamera = async (button) => {
    const video = root.querySelector("[data-video]");
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.hidden = false;
    button.hidden = true;
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    let last = "";
    const look = async () => {
      const [found] = await detector.detect(video).catch(() => []);
      if (found && found.rawValue !== last) {
        last = found.rawValue;
        await scanned(last);
        setTimeout(() => { last = ""; }, 3000);
      }
      requestAnimationFrame(look);
    };
    look();
  };

  const camera = form.querySelector("[data-camera]");
  if ("BarcodeDetector" in window && navigator.mediaDevices) {
    camera.hidden = false;
    camera.addEventListener("click", () => startCamera(camera).catch(() => { camera.hidden = true; }));
  }

  const { worker, scope } = root.dataset;
  if ("serviceWorker" in navigator) navigator.serviceWorker.register(worker, { scope }).catch(() => {});
  window.addEventListener("online", refresh);
  window.addEventListener("offline", () => showNet(false));
  setInterval(refresh, 15000);
  refresh();
  root.dataset.ready = "1";
})();
