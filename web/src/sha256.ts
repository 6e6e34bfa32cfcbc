// SHA-256 (FIPS 180-4) without promises: the proof of work hashes a million short texts, and crypto.subtle's one
// promise a hash is thirty times slower.
const K = new Uint32Array(64);
const H = new Uint32Array(8);
(() => {
  const frac = (x: number): number => ((x - Math.floor(x)) * 0x100000000) >>> 0;
  let n = 0;
  for (let p = 2; n < 64; p++) {
    let prime = true;
    for (let d = 2; d * d <= p; d++) if (p % d === 0) prime = false;
    if (!prime) continue;
    if (n < 8) H[n] = frac(Math.sqrt(p));
    K[n++] = frac(Math.cbrt(p));
  }
})();

const rot = (x: number, n: number): number => (x >>> n) | (x << (32 - n));
const W = new Uint32Array(64);

function block(s: Uint32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) W[i] = view.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15]!, y = W[i - 2]!;
    W[i] = (W[i - 16]! + (rot(x, 7) ^ rot(x, 18) ^ (x >>> 3)) + W[i - 7]! + (rot(y, 17) ^ rot(y, 19) ^ (y >>> 10))) | 0;
  }
  let [a, b, c, d, e, f, g, h] = s as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const t1 = (h + (rot(e, 6) ^ rot(e, 11) ^ rot(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + W[i]!) | 0;
    const t2 = ((rot(a, 2) ^ rot(a, 13) ^ rot(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  const add = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) s[i] = (s[i]! + add[i]!) | 0;
}

export function sha256(data: Uint8Array): Uint32Array {
  const padded = new Uint8Array((((data.length + 8) >> 6) + 1) << 6);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, data.length * 8);
  const s = H.slice();
  for (let at = 0; at < padded.length; at += 64) block(s, view, at);
  return s;
}

export function zeroBits(digest: Uint32Array): number {
  let n = 0;
  for (const word of digest) {
    n += Math.clz32(word);
    if (word !== 0) break;
  }
  return n;
}

/** The first nonce for which SHA-256(challenge ":" nonce) begins with so many zero bits. */
export function search(challenge: string, bits: number): string {
  const enc = new TextEncoder();
  for (let n = 0; ; n++) if (zeroBits(sha256(enc.encode(`${challenge}:${n}`))) >= bits) return String(n);
}
