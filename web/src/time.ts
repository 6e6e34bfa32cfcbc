// Times as people say them. Pure: the clock is an argument.
import type { Say } from './i18n/i18n.svelte';

const S = 1000, MIN = 60 * S, HOUR = 60 * MIN, DAY = 24 * HOUR;
export const DUSK_MS = 10 * MIN; /* below this the life left is shown to the second, in its own colour */

/** "52 minutes left", "9:32 left"; nothing is rounded up. */
export function left(ms: number, say: Say): string {
  if (ms <= 0) return say('life.over');
  if (ms < DUSK_MS) return say('life.left', { time: clock(ms) });
  if (ms < 2 * HOUR) return say('life.minutes', { n: Math.floor(ms / MIN) });
  if (ms < 2 * DAY) return say('life.hours', { n: Math.floor(ms / HOUR) });
  return say('life.days', { n: Math.floor(ms / DAY) });
}

export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / S));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

/** "now", "3 min", "14:05", "Tue", "3 Nov": short, for a row. */
export function ago(at: number, now: number, lang: string, say: Say): string {
  const ms = now - at;
  if (ms < MIN) return say('time.now');
  if (ms < HOUR) return say('time.min', { n: Math.floor(ms / MIN) });
  const d = new Date(at), n = new Date(now);
  if (d.toDateString() === n.toDateString()) return timeOfDay(d, lang);
  if (ms < 6 * DAY) return fmt(lang, { weekday: 'short' }).format(d);
  return fmt(lang, { day: 'numeric', month: 'short' }).format(d);
}

export const full = (at: number, lang: string): string => fmt(lang, { dateStyle: 'full', timeStyle: 'medium' }).format(at);
export const long = (at: number, lang: string): string => fmt(lang, { dateStyle: 'medium', timeStyle: 'short' }).format(at);

/** "14:05", or with the day when it is another one. */
export function until(at: number, now: number, lang: string): string {
  const d = new Date(at);
  if (d.toDateString() === new Date(now).toDateString()) return timeOfDay(d, lang);
  return fmt(lang, { hour: halves(lang) ? 'numeric' : '2-digit', minute: '2-digit', weekday: 'short', day: 'numeric', month: 'short' }).format(d);
}

/** "14:05", "2:05 PM": by hand, because the first picture has it, and a page's first formatter costs 30 ms. */
export function timeOfDay(d: Date, lang: string): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const half = halves(lang), h = d.getHours();
  if (!half) return `${two(h)}:${two(d.getMinutes())}`;
  return `${h % 12 || 12}:${two(d.getMinutes())}\u202f${half[h < 12 ? 0 : 1]}`;
}
const HALVES: Record<string, readonly [string, string]> = { en: ['AM', 'PM'], ar: ['ص', 'م'] };
const halves = (lang: string): readonly [string, string] | undefined => HALVES[lang.slice(0, 2)];

const made = new Map<string, Intl.DateTimeFormat>();
function fmt(lang: string, opts: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = lang + JSON.stringify(opts);
  let f = made.get(key);
  if (!f) made.set(key, (f = new Intl.DateTimeFormat(lang, opts)));
  return f;
}

export function bytes(n: number, lang: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let i = 0;
  for (; n >= 1000 && i < 3; i++) n /= 1000;
  if (i === 0) return `${n} B`;
  const opts = { style: 'unit', unit: units[i]!, unitDisplay: 'short', maximumFractionDigits: n < 10 && i > 0 ? 1 : 0 } as const;
  return new Intl.NumberFormat(lang, opts).format(n);
}

/** A span in seconds as its largest whole unit: 90 min → "90 minutes". */
export function span(s: number, lang: string): string {
  const [n, unit] = s % 86400 === 0 ? [s / 86400, 'day'] : s % 3600 === 0 ? [s / 3600, 'hour'] : [Math.round(s / 60), 'minute'];
  return new Intl.NumberFormat(lang, { style: 'unit', unit: unit as string, unitDisplay: 'long' }).format(n as number);
}

/** A code in groups as people read them: six digits as three and three. */
export function grouped(code: string): string {
  if (!/^\d{6}$|^\d{8,9}$/.test(code)) return code;
  const by = code.length === 8 ? 4 : 3;
  return code.match(new RegExp(`.{1,${by}}`, 'g'))!.join('\u2009');
}
