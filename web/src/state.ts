// All state of the page as plain values, and every change to it as a pure function from state to state. What is on
// screen follows from it; what talks to the server is in app.svelte.ts.
import type { BoxInfo, Item, LiveEvent, Page, Person, Quota, Folder, Attempt, Report, Sending, Sent } from './shape';

export interface List { items: Item[]; cursor: string | null; loaded: boolean }

export interface Box {
  id: string; address: string; token: string;
  /** The words, as long as the owner has not said that they are safe elsewhere. */
  recovery: string;
  createdAt: number; expiresAt: number; idleTtl: number; endsAfter: number; received: number; guessable: boolean;
  quota: Quota; folders: Folder[]; lists: Record<string, List>; attempts: readonly Attempt[];
  sending: Sending;
  /** What is on its way or lately went, newest first. */
  outbox: readonly Sent[];
}

export interface Ended { address: string; at: number; mails: number; 
  /** closed: its token opens nothing any more, and nobody said why. */
  how: 'burned' | 'time' | 'closed' }
export interface Results extends List { query: string }

export interface State {
  boxes: Box[];
  current: string | null;
  folder: string;
  open: string | null;
  selected: readonly string[];
  results: Results | null;
  ended: Ended | null;
  /** Ids that just came in: they slide and glow. */
  fresh: readonly string[];
}

export const empty: State = {
  boxes: [], current: null, folder: 'INBOX', open: null, selected: [], results: null, ended: null, fresh: [],
};

export const CANNOT_SEND: Sending = { policy: 'off', stopped: false, max_recipients: 0, max_bytes: 0 };
const NO_LIST: List = { items: [], cursor: null, loaded: false };
const ATTEMPTS_MAX = 20;

export const boxOf = (s: State, id: string | null): Box | undefined => s.boxes.find((b) => b.id === id);
export const current = (s: State): Box | undefined => boxOf(s, s.current);
export const listOf = (b: Box | undefined, folder: string): List => b?.lists[folder] ?? NO_LIST;
export const shown = (s: State): List => s.results ?? listOf(current(s), s.folder);
export const unseen = (b: Box): number => {
  const f = b.folders.find((x) => x.name === 'INBOX');
  const list = listOf(b, 'INBOX');
  return list.loaded && !list.cursor ? list.items.filter((i) => !i.seen).length : (f?.unseen ?? 0);
};

export function boxFrom(info: BoxInfo, token: string, recovery: string): Box {
  return {
    id: info.id, address: info.address, token, recovery, createdAt: info.created_at, expiresAt: info.expires_at,
    idleTtl: info.idle_ttl, endsAfter: info.ends_after, received: info.received, guessable: info.guessable,
    quota: info.quota, folders: info.folders, lists: {}, attempts: [], sending: info.sending, outbox: [],
  };
}

/** A box just made: its inbox is empty, and nobody need ask. What comes before the live line is up, its resync brings. */
export const newborn = (b: Box): Box => ({ ...b, lists: { INBOX: { ...NO_LIST, loaded: true } } });
export const setAttempts = (s: State, id: string, attempts: readonly Attempt[]): State => change(s, id, (b) => ({ ...b, attempts }));

export const setOutbox = (s: State, id: string, outbox: readonly Sent[]): State => change(s, id, (b) => ({ ...b, outbox }));
export const told = (s: State, id: string, one: Sent): State =>
  change(s, id, (b) => ({ ...b, outbox: b.outbox.some((x) => x.id === one.id) ? b.outbox.map((x) => (x.id === one.id ? one : x)) : [one, ...b.outbox] }));
/** Mails of which nothing has left, nor is leaving just now. */
export const unsent = (b: Box): number => b.outbox.filter((x) => x.next_try_at > 0 && x.recallable).length;
export const fateOf = (b: Box | undefined, message: string): Sent | undefined => b?.outbox.find((x) => x.message === message);
/** The mail that a report is about: by its id, or by the recipient that it has in common. */
export const reportedMail = (b: Box | undefined, r: Report): Sent | undefined =>
  b?.outbox.find((x) => x.id === r.envelope_id) ?? b?.outbox.find((x) => x.recipients.some((to) => r.recipients.some((one) => one.address === to.address || one.original === to.address)));
export const canSend = (b: Box | undefined): boolean => b !== undefined && b.sending.policy !== 'off' && !b.sending.stopped;
/** Folders of what the holder wrote: their rows are about whom it goes to. */
export const isMine = (folder: string): boolean => folder === 'Sent' || folder === 'Drafts';

/** Whom this box has had mail from or written to, as far as is listed here; the latest first, each once. */
export function knownPeople(b: Box): Person[] {
  const items = Object.values(b.lists).flatMap((l) => l.items).filter((i) => i.folder !== 'Junk').sort((x, y) => y.received_at - x.received_at);
  const all = items.flatMap((i) => (isMine(i.folder) ? i.to : [i.from])).filter((p) => p.address && p.address !== b.address);
  return [...new Map(all.map((p) => [p.address.toLowerCase(), p])).values()];
}

const change = (s: State, id: string, f: (b: Box) => Box): State => ({
  ...s,
  boxes: s.boxes.map((b) => (b.id === id ? f(b) : b)),
});

const changeLists = (b: Box, f: (items: Item[], folder: string) => Item[]): Box => ({
  ...b,
  lists: Object.fromEntries(Object.entries(b.lists).map(([k, l]) => [k, { ...l, items: f(l.items, k) }])),
});

export function addBox(s: State, box: Box): State {
  const others = s.boxes.filter((b) => b.id !== box.id);
  return { ...select({ ...s, boxes: [box, ...others] }, box.id), ended: null };
}

/** Takes what the server says of a box; mail lists, token and words stay. */
export function updateBox(s: State, info: BoxInfo): State {
  return change(s, info.id, (b) => ({ ...boxFrom(info, b.token, b.recovery), guessable: b.guessable || info.guessable, lists: b.lists, attempts: b.attempts, outbox: b.outbox }));
}

export const forgetWords = (s: State, id: string): State => change(s, id, (b) => ({ ...b, recovery: '' }));

export function select(s: State, id: string): State {
  if (s.current === id && boxOf(s, id)) return s;
  return { ...s, current: id, folder: 'INBOX', open: null, selected: [], results: null, fresh: [] };
}

/** A box is over: gone from the page at once. When it was on screen, the screen says how it ended. */
export function endBox(s: State, id: string, ended: Ended | null): State {
  const boxes = s.boxes.filter((b) => b.id !== id);
  if (s.current !== id) return { ...s, boxes };
  return { ...empty, boxes, current: ended ? null : (boxes[0]?.id ?? null), ended };
}

export const setFolder = (s: State, folder: string): State => ({ ...s, folder, open: null, selected: [], results: null });

const byNewest = (a: Item, b: Item): number => b.uid - a.uid || b.received_at - a.received_at;

function merge(old: Item[], add: Item[]): Item[] {
  const all = new Map(old.map((i) => [i.id, i]));
  for (const i of add) all.set(i.id, i);
  return [...all.values()].sort(byNewest);
}

export const idsOf = (b: Box | undefined, folder: string): ReadonlySet<string> => new Set(listOf(b, folder).items.map((i) => i.id));

/** A page of a list: `more` adds to what is there, otherwise it is the newest page and replaces it. `before` is what was
 *  there when the page was asked for: what came or went on the live line meanwhile is newer than the page. */
export function setPage(s: State, id: string, folder: string, asked: Page, more: boolean, before: ReadonlySet<string> = idsOf(boxOf(s, id), folder)): State {
  return change(s, id, (b) => {
    const now = idsOf(b, folder);
    const page = { ...asked, messages: asked.messages.filter((i) => now.has(i.id) || !before.has(i.id)) };
    const came = listOf(b, folder).items.filter((i) => !before.has(i.id));
    const old = { ...listOf(b, folder), items: listOf(b, folder).items.filter((i) => before.has(i.id)) };
    const fits = old.items.length <= page.messages.length || !page.next_cursor;
    const items = more || !fits ? merge(more ? old.items : old.items.slice(page.messages.length), page.messages) : page.messages;
    const cursor = more || fits ? page.next_cursor : old.cursor;
    return { ...b, lists: { ...b.lists, [folder]: { items: came.length ? merge(came, items) : items, cursor, loaded: true } } };
  });
}

export function setResults(s: State, query: string, page: Page, more: boolean): State {
  const items = more && s.results ? merge(s.results.items, page.messages) : page.messages;
  return { ...s, results: { query, items, cursor: page.next_cursor, loaded: true }, selected: [] };
}

export const clearResults = (s: State): State => (s.results ? { ...s, results: null, selected: [] } : s);

function counted(b: Box, folder: string, total: number, unseenBy: number): Box {
  const known = b.folders.some((f) => f.name === folder);
  const folders = known ? b.folders : [...b.folders, { name: folder, total: 0, unseen: 0 }];
  const at0 = (n: number): number => Math.max(0, n);
  return {
    ...b,
    folders: folders.map((f) => (f.name === folder ? { ...f, total: at0(f.total + total), unseen: at0(f.unseen + unseenBy) } : f)),
  };
}

export const find = (b: Box | undefined, id: string): Item | undefined =>
  b && Object.values(b.lists).flatMap((l) => l.items).find((i) => i.id === id);

export function arrived(s: State, boxId: string, item: Item): State {
  const b = boxOf(s, boxId);
  if (!b || find(b, item.id)) return s;
  const next = change(s, boxId, (box) => {
    const l = listOf(box, item.folder);
    const lists = { ...box.lists, [item.folder]: { ...l, items: merge(l.items, [item]) } };
    const quota = { ...box.quota, messages: box.quota.messages + 1, bytes: box.quota.bytes + item.size };
    return { ...counted(box, item.folder, 1, item.seen ? 0 : 1), lists, quota, received: box.received + (isMine(item.folder) ? 0 : 1) };
  });
  return boxId === s.current && item.folder === s.folder ? { ...next, fresh: [...s.fresh, item.id] } : next;
}

export const settle = (s: State, id: string): State => ({ ...s, fresh: s.fresh.filter((f) => f !== id) });

const patchResults = (s: State, f: (items: Item[]) => Item[]): State =>
  s.results ? { ...s, results: { ...s.results, items: f(s.results.items) } } : s;

export function marked(s: State, boxId: string, id: string, m: { seen?: boolean; flagged?: boolean; answered?: boolean }): State {
  const was = find(boxOf(s, boxId), id) ?? s.results?.items.find((i) => i.id === id);
  const each = (items: Item[]): Item[] => items.map((i) => (i.id === id ? { ...i, ...m } : i));
  const next = change(s, boxId, (b) => {
    const turned = was && m.seen !== undefined && was.seen !== m.seen;
    return changeLists(turned ? counted(b, was.folder, 0, m.seen ? -1 : 1) : b, each);
  });
  return boxId === s.current ? patchResults(next, each) : next;
}

/** Mail goes from every list of the box; `put` brings it back (undo). */
export function removed(s: State, boxId: string, ids: readonly string[]): State {
  const gone = new Set(ids);
  const keep = (items: Item[]): Item[] => items.filter((i) => !gone.has(i.id));
  const b = boxOf(s, boxId);
  const lost = b ? Object.values(b.lists).flatMap((l) => l.items).filter((i) => gone.has(i.id)) : [];
  const next = change(s, boxId, (box) => {
    const less = lost.reduce((x, i) => counted(x, i.folder, -1, i.seen ? 0 : -1), box);
    const quota = { ...less.quota, messages: Math.max(0, less.quota.messages - lost.length) };
    return changeLists({ ...less, quota }, keep);
  });
  if (boxId !== s.current) return next;
  const open = next.open && gone.has(next.open) ? null : next.open;
  return patchResults({ ...next, open, selected: next.selected.filter((i) => !gone.has(i)) }, keep);
}

export function put(s: State, boxId: string, items: Item[]): State {
  return items.reduce((acc, i) => ({ ...arrived(acc, boxId, i), fresh: s.fresh }), s);
}

export function moved(s: State, boxId: string, id: string, folder: string): State {
  const item = find(boxOf(s, boxId), id) ?? (boxId === s.current ? s.results?.items.find((i) => i.id === id) : undefined);
  if (!item || item.folder === folder) return s;
  const open = s.open;
  const next = put(removed(s, boxId, [id]), boxId, [{ ...item, folder, junk: folder === 'Junk' }]);
  return { ...next, open: open === id ? null : open };
}

export const toggleSelected = (s: State, id: string): State => ({
  ...s,
  selected: s.selected.includes(id) ? s.selected.filter((x) => x !== id) : [...s.selected, id],
});
export const selectAll = (s: State): State => ({ ...s, selected: shown(s).items.map((i) => i.id) });
/** The mail that takes the place of these once they are gone: the next older that stays, else the next newer. */
export function after(s: State, ids: readonly string[]): string {
  const items = shown(s).items;
  const at = items.findIndex((i) => ids.includes(i.id));
  const stays = (i: Item): boolean => !ids.includes(i.id);
  return (items.slice(at + 1).find(stays) ?? items.slice(0, Math.max(0, at)).findLast(stays))?.id ?? '';
}

export const selectNone = (s: State): State => (s.selected.length ? { ...s, selected: [] } : s);
export const opened = (s: State, id: string | null): State => ({ ...s, open: id });

/** The mail beside the open one: 1 is the next older, -1 the next newer. */
export function neighbour(s: State, step: 1 | -1): string | null {
  const items = shown(s).items;
  const at = items.findIndex((i) => i.id === s.open);
  if (at < 0) return items[0]?.id ?? null;
  return items[at + step]?.id ?? null;
}

/** What a live event changes here; what needs the server again (resync, denied) changes nothing. */
export function apply(s: State, e: LiveEvent): State {
  switch (e.type) {
    case 'ready':
      return e.expires_at ? change(s, e.mailbox, (b) => ({ ...b, expiresAt: e.expires_at })) : s;
    case 'message.new':
      return arrived(s, e.mailbox, e.message);
    case 'message.changed': {
      const { seen, flagged, answered } = e;
      const m = { ...(seen === undefined ? {} : { seen }), ...(flagged === undefined ? {} : { flagged }), ...(answered === undefined ? {} : { answered }) };
      const next = marked(s, e.mailbox, e.id, m);
      return e.folder ? moved(next, e.mailbox, e.id, e.folder) : next;
    }
    case 'message.deleted':
      return removed(s, e.mailbox, [e.id]);
    case 'mailbox.changed':
      return change(s, e.mailbox, (b) => ({
        ...b, expiresAt: e.expires_at ?? b.expiresAt, idleTtl: e.idle_ttl ?? b.idleTtl, endsAfter: e.ends_after ?? b.endsAfter,
      }));
    case 'mailbox.ended': {
      const b = boxOf(s, e.mailbox);
      return b ? endBox(s, b.id, { address: b.address, at: Date.now(), mails: b.quota.messages, how: 'time' }) : s;
    }
    case 'trace':
      return change(s, e.mailbox, (b) => ({ ...b, attempts: [e.attempt, ...b.attempts.filter((a) => a.at !== e.attempt.at || a.code !== e.attempt.code)].slice(0, ATTEMPTS_MAX) }));
    case 'message.sending':
      return told(s, e.mailbox, e.sending);
    case 'resync':
    case 'denied':
      return s;
    default: {
      const never: never = e;
      return never;
    }
  }
}
