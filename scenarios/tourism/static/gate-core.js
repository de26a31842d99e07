// What a gate knows without a network: reading signed codes, and judging them by the list it took along.
// No page and no storage here; gate.js has those. Also loaded by the tests.
(() => {
  "use strict";

  const SIGNATURE = 64;
  const FACTS = 36;
  const NEVER = 255;
  const SAME_ENTRY_MS = 120000;

  const fromBase64 = (text) => {
    const plain = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(plain + "=".repeat((4 - (plain.length % 4)) % 4)), (char) => char.charCodeAt(0));
  };
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // ---- Ed25519 for browsers whose WebCrypto lacks it (RFC 8032, verification only).
  const P = 2n ** 255n - 19n;
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const mod = (a, m = P) => ((a % m) + m) % m;
  const power = (base, exponent) => {
    let result = 1n;
    for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
    return result;
  };
  const invert = (a) => power(a, P - 2n);
  const D = mod(-121665n * invert(121666n));
  const ROOT = power(2n, (P - 1n) / 4n);
  const littleEndian = (bytes) => BigInt("0x" + hex([...bytes].reverse()));

  const decompress = (bytes) => {
    const raw = Uint8Array.from(bytes);
    const sign = raw[31] >> 7;
    raw[31] &= 127;
    const y = littleEndian(raw);
    if (y >= P) return null;
    const u = mod(y * y - 1n);
    const v = mod(D * y * y + 1n);
    let x = mod(u * v ** 3n * power(u * v ** 7n, (P - 5n) / 8n));
    if (mod(v * x * x) !== u) x = mod(x * ROOT);
    if (mod(v * x * x) !== u || (x === 0n && sign)) return null;
    if (Number(x & 1n) !== sign) x = mod(-x);
    return [x, y, 1n, mod(x * y)];
  };
  const add = ([x1, y1, z1, t1], [x2, y2, z2, t2]) => {
    const a = mod((y1 - x1) * (y2 - x2));
    const b = mod((y1 + x1) * (y2 + x2));
    const c = mod(2n * t1 * t2 * D);
    const d = mod(2n * z1 * z2);
    const [e, f, g, h] = [b - a, d - c, d + c, b + a];
    return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
  };
  const times = (point, scalar) => {
    let result = [0n, 1n, 1n, 0n];
    for (let p = point, s = scalar; s > 0n; s >>= 1n, p = add(p, p)) if (s & 1n) result = add(result, p);
    return result;
  };
  const isSame = (a, b) => mod(a[0] * b[2]) === mod(b[0] * a[2]) && mod(a[1] * b[2]) === mod(b[1] * a[2]);
  const BASE = decompress(fromBase64("WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY="));

  const verifyPlainly = async (key, signature, message) => {
    const point = decompress(key);
    const r = decompress(signature.subarray(0, 32));
    const s = littleEndian(signature.subarray(32));
    if (!point || !r || s >= L) return false;
    const joined = new Uint8Array([...signature.subarray(0, 32), ...key, ...message]);
    const k = mod(littleEndian(new Uint8Array(await crypto.subtle.digest("SHA-512", joined))), L);
    return isSame(times(BASE, s), add(r, times(point, k)));
  };

  const verify = async (key, signature, message) => {
    try {
      const known = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify({ name: "Ed25519" }, known, signature, message);
    } catch (error) {
      return verifyPlainly(key, signature, message);
    }
  };

  // ---- Codes.
  const read = async (text, key) => {
    if (!text.startsWith("T1.")) return null;
    let raw;
    try {
      raw = fromBase64(text.slice(3));
    } catch (error) {
      return null;
    }
    if (raw.length !== FACTS + SIGNATURE) return null;
    const facts = raw.subarray(0, FACTS);
    if (!(await verify(fromBase64(key), raw.subarray(FACTS), facts))) return null;
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

  // ---- Judging alone. `kept` are the scans that this device has let in and still knows of.
  const fault = (code, list, direction, now) => {
    if (!code) return "unknown";
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

  const judge = (code, list, kept, { direction, people, now, day }) => {
    const wrong = fault(code, list, direction, now);
    if (wrong) return { has_let_in: false, reason: wrong, people: people || 1 };
    const count = people || code.people;
    if (direction === "exit") return { has_let_in: true, reason: "", people: count };
    const mine = kept.filter((one) => one.ticket === code.ticket && one.direction === "entry");
    const last = mine.reduce((latest, one) => Math.max(latest, one.at), 0);
    if (last && now - last <= SAME_ENTRY_MS) return { has_let_in: true, reason: "", people: count, is_repeat: true };
    const used = code.perDay ? 0 : list.used[code.ticket] || 0;
    const here = mine.filter((one) => !code.perDay || one.day === day).reduce((sum, one) => sum + one.people, 0);
    const most = code.people * (code.perDay || code.uses);
    if (Math.max(used, 0) + here + count > most) {
      return { has_let_in: false, reason: code.perDay ? "used_today" : "used", people: count };
    }
    return { has_let_in: true, reason: "", people: count };
  };

  globalThis.gateCore = { read, judge, verify, verifyPlainly, fromBase64, hex };
})();
