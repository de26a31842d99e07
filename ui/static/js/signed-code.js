// Codes that are signed with Ed25519 (tenants/gates/sealed.py), read in a page without asking anybody.
(() => {
  "use strict";

  const SIGNATURE = 64;

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

  // The facts of a code as bytes; null for anything that this key has not signed.
  const open = async (text, prefix, key, size) => {
    if (!text.startsWith(prefix)) return null;
    let raw;
    try {
      raw = fromBase64(text.slice(prefix.length));
    } catch (error) {
      return null;
    }
    if (raw.length !== size + SIGNATURE) return null;
    const facts = raw.subarray(0, size);
    return (await verify(fromBase64(key), raw.subarray(size), facts)) ? facts : null;
  };

  globalThis.signedCode = { open, verify, verifyPlainly, fromBase64, hex };
})();
