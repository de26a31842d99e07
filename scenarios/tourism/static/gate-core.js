// What a gate knows without a network: reading signed codes, and judging them by the list it took along.
// No page and no storage here; gate.js has those. Also loaded by the tests.
(() => {
  "use strict";

  const FACTS = 36;
  const NEVER = 255;
  const SAME_ENTRY_MS = 120000;

  // ---- Codes.
  const PREFIX = "T1.";
  const read = (text, list) => (text.startsWith(PREFIX) ? readCode(text, list) : readNumber(text, list));

  const readCode = async (text, list) => {
    const facts = await signedCode.open(text, PREFIX, list.key, FACTS);
    if (!facts) return null;
    const { hex } = signedCode;
    const view = new DataView(facts.buffer, facts.byteOffset, facts.length);
    return {
      ticket: hex(facts.subarray(0, 16)),
      serial: facts[16],
      site: hex(facts.subarray(17, 21)),
      product: hex(facts.subarray(21, 25)),
      from: view.getUint32(25) * 60000,
      until: view.getUint32(29) * 60000,
      uses: facts[33],
      perDay: facts[34],
      people: facts[35],
    };
  };

  // ---- Numbers that were typed: the list has salted short hashes of those of the day (gates/numbers.py).
  const SEPARATORS = /[\s._\u2010-\u2014-]/g;
  const READ_AS = { O: "0", I: "1", L: "1" };
  const NUMBER = 20;
  const HASH = 12;
  const TICKET = 32;
  const normalised = (text) =>
    text.normalize("NFKC").toUpperCase().replace(SEPARATORS, "").replace(/[OIL]/g, (char) => READ_AS[char]).slice(0, NUMBER);

  const hashOf = async (number, salt) => {
    const bytes = [...signedCode.fromBase64(salt), ...new TextEncoder().encode(number)];
    const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes));
    return signedCode.hex(new Uint8Array(digest)).slice(0, HASH);
  };
  const find = (tickets, hash) => {
    for (let at = 0; at < tickets.length; at += HASH + TICKET) {
      if (tickets.startsWith(hash, at)) return tickets.slice(at + HASH, at + HASH + TICKET);
    }
    return "";
  };

  const readNumber = async (text, list) => {
    const number = normalised(text);
    if (!number || !list.numbers) return null;
    const hash = await hashOf(number, list.numbers.salt);
    for (const group of list.numbers.groups) {
      const ticket = find(group.tickets, hash);
      if (ticket) {
        return {
          ticket,
          serial: NEVER - 1,
          site: list.site,
          product: group.product,
          from: group.since * 1000,
          until: group.until * 1000,
          uses: group.uses,
          perDay: group.uses_per_day,
          people: group.people,
        };
      }
    }
    return null;
  };

  // ---- Judging alone. `kept` are the scans that this device has let in and still knows of.
  const fault = (code, list, { text, direction, now }) => {
    if (!code) return text.startsWith(PREFIX) ? "unknown" : "no_network";
    if (code.site !== list.site) return "other_site";
    if (list.way !== "both" && list.way !== direction) return "wrong_way";
    if (direction === "exit") return "";
    if (!list.is_open) return "gate_closed";
    if (list.products.length && !list.products.includes(code.product)) return "other_gate";
    const least = list.revoked[code.ticket];
    if (least === NEVER) return "refunded";
    if (least !== undefined && code.serial < least) return "revoked";
    if (now < code.from) return "not_yet";
    return now >= code.until ? "expired" : "";
  };

  // A number that was typed and is not in the list may have been sold since: only the server knows whose it is.
  const judge = (code, list, kept, facts) => {
    const { direction, people, now, day } = facts;
    const wrong = fault(code, list, facts);
    if (wrong) return { has_let_in: false, reason: wrong, people: people || 1 };
    const count = people || code.people;
    if (direction === "exit") return { has_let_in: true, reason: "", people: count };
    const mine = kept.filter((one) => one.ticket === code.ticket && one.direction === "entry");
    const last = mine.reduce((latest, one) => Math.max(latest, one.at), 0);
    if (last && now - last <= SAME_ENTRY_MS) return { has_let_in: true, reason: "", people: count, is_repeat: true };
    const used = code.perDay ? 0 : list.used[code.ticket] || 0;
    const here = mine.filter((one) => (code.perDay ? one.day === day : !one.isCounted)).reduce((sum, one) => sum + one.people, 0);
    const most = code.people * (code.perDay || code.uses);
    if (Math.max(used, 0) + here + count > most) {
      return { has_let_in: false, reason: code.perDay ? "used_today" : "used", people: count };
    }
    return { has_let_in: true, reason: "", people: count };
  };

  globalThis.gateCore = { read, judge };
})();
