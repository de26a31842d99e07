// What the gatehouse knows without a network: signed passes, and who is expected by their letters or number plate.
// The rules are those of scenarios/community/visitors/scanning.py. No page and no storage here; js/gate.js has those.
(() => {
  "use strict";

  const FACTS = 25;
  const tidy = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 20);

  const signed = async (text, list) => {
    const facts = await signedCode.open(text, "V1.", list.key, FACTS);
    if (!facts) return null;
    const view = new DataView(facts.buffer, facts.byteOffset, facts.length);
    const ticket = signedCode.hex(facts.subarray(0, 16));
    const known = list.passes[ticket] || { used: 0, line: "" };
    return {
      ticket, from: view.getUint32(16) * 60000, until: view.getUint32(20) * 60000, uses: facts[24],
      used: known.used, line: known.line,
    };
  };

  const read = async (text, list) => {
    if (text.startsWith("V1.")) return signed(text, list);
    const plain = tidy(text);
    if (!plain) return null;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(plain)));
    const hash = signedCode.hex(digest);
    const now = Date.now();
    const good = (one) => Number(one.from <= now && now < one.until && one.used < one.uses);
    const [found] = Object.entries(list.passes)
      .filter(([, one]) => one.hash === hash || (one.plate && one.plate === plain))
      .sort(([, a], [, b]) => good(b) - good(a) || a.from - b.from);
    return found ? { ticket: found[0], ...found[1] } : null;
  };

  const fault = (code, list, now) => {
    if (!code) return "unknown";
    if (list.revoked.includes(code.ticket)) return "revoked";
    if (now < code.from) return "not_yet";
    return now >= code.until ? "expired" : "";
  };

  const judge = (code, list, kept, { now }) => {
    const wrong = fault(code, list, now);
    const line = code ? code.line : "";
    if (wrong) return { has_let_in: false, reason: wrong, people: 1, line };
    const here = kept.filter((one) => one.ticket === code.ticket && !one.isCounted).length;
    const isUsed = code.used + here >= code.uses;
    return { has_let_in: !isUsed, reason: isUsed ? "used" : "", people: 1, line };
  };

  globalThis.gateCore = { read, judge };
})();
