// What this browser remembers: which addresses it can open, and how it likes the page. All of it in localStorage, none
// of it ever sent anywhere but a token in its own header. A closed storage (private mode) costs only the memory.
import type { Lang } from './i18n/i18n.svelte';

export interface Kept { id: string; address: string; token: string; recovery: string; expiresAt: number }
export interface Settings {
  theme: 'auto' | 'light' | 'dark';
  lang: Lang | '';
  sound: boolean;
  notify: boolean;
  keys: boolean;
}

const BOXES = 'mayfly.boxes';
const SETTINGS = 'mayfly.settings';
const LAST = 'mayfly.last';
const TYPED = 'mayfly.typed';
const TYPED_MAX = 50;
const GOING = 'mayfly.going';
const GOING_MAX = 500;
export const DEFAULTS: Settings = { theme: 'auto', lang: '', sound: false, notify: false, keys: true };

function read(key: string): unknown {
  try {
    return parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

const parse = (text: string | null): unknown => JSON.parse(text ?? 'null');

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    /* full or forbidden: the page works without a memory */
  }
}

const isKept = (v: unknown): v is Kept => {
  const o = v as Kept | null;
  return !!o && typeof o.id === 'string' && typeof o.address === 'string' && typeof o.token === 'string' && typeof o.expiresAt === 'number';
};

export const boxes = (): Kept[] => kept(read(BOXES));

function kept(v: unknown): Kept[] {
  return Array.isArray(v) ? v.filter(isKept).map((k) => ({ ...k, recovery: typeof k.recovery === 'string' ? k.recovery : '' })) : [];
}
/** Writes this tab's boxes. Those that another tab made meanwhile stay: only what this tab has known can go. */
export function saveBoxes(list: Kept[], known: ReadonlySet<string>): void {
  const all = [...list, ...boxes().filter((k) => !known.has(k.id))];
  write(BOXES, all);
  const typed = typedAll(), stay = typed.filter((x) => all.some((k) => k.id === x.box));
  if (stay.length < typed.length) write(TYPED, stay);
  if (going().some((x) => !all.some((k) => k.id === x.box))) write(GOING, going().filter((x) => all.some((k) => k.id === x.box)));
}

/** A mail whose deletion was on its way when a page went; the next page sees to it that it is gone. */
export interface Going { box: string; id: string }
export const going = (): Going[] => {
  const v = read(GOING);
  return Array.isArray(v) ? v.filter((x: Partial<Going> | null) => typeof x?.box === 'string' && typeof x.id === 'string') as Going[] : [];
};
export function keepGoing(more: readonly Going[]): void {
  if (more.length > 0) write(GOING, [...more, ...going().filter((x) => !more.some((y) => y.id === x.id))].slice(0, GOING_MAX));
}
export function dropGoing(id: string): void {
  const had = going(), rest = had.filter((x) => x.id !== id);
  if (rest.length < had.length) write(GOING, rest);
}

/** Recipients as somebody typed them, which are no addresses. */
export type Typed = { [field in 'to' | 'cc' | 'bcc']?: string };
interface TypedOf extends Typed { box: string; draft: string }
const typedAll = (): TypedOf[] => {
  const v = read(TYPED);
  return Array.isArray(v) ? v.filter((x: Partial<TypedOf> | null) => typeof x?.box === 'string' && typeof x.draft === 'string') as TypedOf[] : [];
};
export function typed(draft: string): Typed {
  const { to, cc, bcc } = typedAll().find((x) => x.draft === draft) ?? {};
  return { to: String(to ?? ''), cc: String(cc ?? ''), bcc: String(bcc ?? '') };
}
/** Beside a draft, in the place of what was beside the one before; goes with it, and with its box. */
export function keepTyped(box: string, before: string, draft: string, now: Typed): void {
  const had = typedAll(), rest = had.filter((x) => x.draft !== before && x.draft !== draft);
  const some = draft !== '' && Object.values(now).some(Boolean);
  if (some || rest.length < had.length) write(TYPED, some ? [{ box, draft, ...now }, ...rest].slice(0, TYPED_MAX) : rest);
}

/** Tells when another tab has changed the boxes; what it dropped comes apart. Null: it forgot everything. */
export function onOtherTab(tell: (now: Kept[] | null, dropped: string[]) => void): void {
  addEventListener('storage', (e) => {
    if (e.key !== BOXES) return;
    if (e.newValue === null) return tell(null, []);
    const now = kept(parse(e.newValue));
    tell(now, kept(parse(e.oldValue)).map((k) => k.id).filter((id) => !now.some((k) => k.id === id)));
  });
}

export const last = (): string => String(read(LAST) ?? '');
export const saveLast = (id: string): void => write(LAST, id);

export function settings(): Settings {
  const v = read(SETTINGS);
  return { ...DEFAULTS, ...(typeof v === 'object' && v !== null ? (v as Partial<Settings>) : {}) };
}
export const saveSettings = (s: Settings): void => write(SETTINGS, s);

/** Nothing of ours is left in this browser afterwards. */
export async function forgetAll(): Promise<void> {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith('mayfly.')) localStorage.removeItem(key);
    if ('caches' in globalThis) for (const key of await caches.keys()) await caches.delete(key);
    for (const r of (await navigator.serviceWorker?.getRegistrations()) ?? []) await r.unregister();
  } catch {
    /* what cannot be reached holds nothing of ours */
  }
}
