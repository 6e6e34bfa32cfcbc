// Recipients as people type and paste them. Pure.
import type { Person } from './shape';

export interface Rcpt extends Person { ok: boolean }

/* What the server will take is its to say; this finds what a person mistyped. */
const ADDRESS = /^[^\s@<>,;:"()[\]\\]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}][\p{L}\p{N}-]{0,61}[\p{L}\p{N}]$/u;

export const rcpt = (p: Person): Rcpt => ({ ...p, ok: ADDRESS.test(p.address) });

/** "Anna <anna@example.com>, ben@example.com" as what it names; what is no address is kept, and not ok. */
export function parseRcpts(text: string): Rcpt[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",;\n])+/g) ?? [];
  return parts.map((x) => x.trim()).filter(Boolean).flatMap((part) => {
    const named = /^(.*?)\s*<\s*([^<>]*?)\s*>$/s.exec(part);
    if (named) return [rcpt({ name: named[1]!.replace(/^"(.*)"$/s, '$1').replace(/\\(.)/g, '$1'), address: named[2]! })];
    const words = part.split(/\s+/);
    return words.every((w) => w.includes('@')) ? words.map((w) => rcpt({ name: '', address: w })) : [rcpt({ name: '', address: part })];
  });
}

/** Does what is typed so far end an address: a comma, a semicolon, or a blank behind one? */
export const endsRcpt = (text: string): boolean => /[,;\n]\s*$/.test(text) || (/\s$/.test(text) && ADDRESS.test(text.trim()));

export function addRcpts(to: readonly Rcpt[], more: readonly Rcpt[]): Rcpt[] {
  const there = new Set(to.map((r) => r.address.toLowerCase()));
  return [...to, ...more.filter((r) => !there.has(r.address.toLowerCase()) && there.add(r.address.toLowerCase()))];
}

/** The people whose name or address has a word that begins with what is typed. */
export function suggest(known: readonly Person[], typed: string, taken: readonly Rcpt[], max = 6): Person[] {
  const q = typed.trim().toLowerCase();
  const not = new Set(taken.map((r) => r.address.toLowerCase()));
  const fits = (p: Person): boolean => `${p.name} ${p.address}`.toLowerCase().split(/[\s@.<>"-]+/).some((w) => w.startsWith(q)) || p.address.toLowerCase().startsWith(q);
  return known.filter((p) => !not.has(p.address.toLowerCase()) && fits(p)).slice(0, max);
}
