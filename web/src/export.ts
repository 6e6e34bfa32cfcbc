// A box as one file, made in the browser: mbox (RFC 4155, "mboxrd" quoting) or a ZIP of .eml files, stored, not packed.
// Parts go into Blobs, which the browser may keep on disk, so a large box needs little memory.

export interface Mail { name: string; from: string; at: number; bytes: Uint8Array<ArrayBuffer> }

const enc = new TextEncoder();
const LF = 10;
const FROM = enc.encode('From ');

const startsFrom = (b: Uint8Array, at: number): boolean => {
  while (b[at] === 62) at++; /* '>' */
  return FROM.every((c, i) => b[at + i] === c);
};

/** One mail for an mbox file: a From_ line, lines that look like one quoted by '>', LF line ends, an empty line. */
export function mboxPart(m: Mail): Blob {
  const parts: (string | Uint8Array<ArrayBuffer>)[] = [`From ${m.from || 'MAILER-DAEMON'} ${asctime(m.at)}\n`];
  for (let at = 0; at < m.bytes.length; ) {
    const lf = m.bytes.indexOf(LF, at);
    const end = lf < 0 ? m.bytes.length : lf;
    const cut = m.bytes[end - 1] === 13 && end > at ? end - 1 : end;
    if (startsFrom(m.bytes, at)) parts.push('>');
    parts.push(m.bytes.subarray(at, cut), '\n');
    at = end + 1;
  }
  parts.push('\n');
  return new Blob(parts);
}

function asctime(ms: number): string {
  const [day, date, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${String(Number(date)).padStart(2, ' ')} ${time} ${year}`;
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const b of bytes) c = CRC[(c ^ b) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function record(signature: number, fields: [number, 2 | 4][]): Uint8Array<ArrayBuffer> {
  const out = new DataView(new ArrayBuffer(4 + fields.reduce((n, [, size]) => n + size, 0)));
  out.setUint32(0, signature, true);
  let at = 4;
  for (const [value, size] of fields) {
    if (size === 2) out.setUint16(at, value, true);
    else out.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(out.buffer);
}

const UTF8 = 1 << 11;

/** Collects files into a ZIP (APPNOTE 6.3, method 0). */
export class Zip {
  private parts: BlobPart[] = [];
  private directory: BlobPart[] = [];
  private at = 0;
  private n = 0;

  add(m: Mail): void {
    const name = enc.encode(m.name);
    const d = new Date(m.at);
    const time = (d.getHours() << 11) | (d.getMinutes() << 5) | (d.getSeconds() >> 1);
    const date = (Math.max(0, d.getFullYear() - 1980) << 9) | ((d.getMonth() + 1) << 5) | d.getDate();
    const size = m.bytes.length;
    const same: [number, 2 | 4][] = [[UTF8, 2], [0, 2], [time, 2], [date, 2], [crc32(m.bytes), 4], [size, 4], [size, 4], [name.length, 2], [0, 2]];
    const local = record(0x04034b50, [[20, 2], ...same]);
    const entry = record(0x02014b50, [[20, 2], [20, 2], ...same, [0, 2], [0, 2], [0, 2], [0, 4], [this.at, 4]]);
    this.parts.push(new Blob([local, name, m.bytes]));
    this.directory.push(new Blob([entry, name]));
    this.at += local.length + name.length + size;
    this.n++;
  }

  finish(): Blob {
    const directory = new Blob(this.directory);
    const end = record(0x06054b50, [[0, 2], [0, 2], [this.n, 2], [this.n, 2], [directory.size, 4], [this.at, 4], [0, 2]]);
    return new Blob([...this.parts, directory, end], { type: 'application/zip' });
  }
}

/** A file name from any text: no path, nothing a shell or a screen could misread, not endless. */
export function fileName(text: string, fallback: string): string {
  const clean = text.normalize('NFC').replace(/[\p{Cc}\p{Cf}\u2028\u2029/\\:*?"<>|]+/gu, ' ').replace(/\s+/g, ' ').replace(/^[. ]+|[. ]+$/g, '');
  return [...clean].slice(0, 80).join('') || fallback;
}

export function save(blob: Blob, name: string): void {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
