// What the page does: every action of a reader, each as a call to the server and a step of the state. Views read `app`
// and call its functions; they hold nothing of their own that outlives a click.
import { tick } from 'svelte';
import * as api from './api';
import { ApiError } from './api';
import type { Composer, Kind, Start } from './compose.svelte';
import { language, preferred, setLanguage, t } from './i18n/i18n.svelte';
import { Live, type Status } from './live';
import { alertMail, badge } from './notify';
import type { Item, LiveEvent, Message, Page, Sent, Site } from './shape';
import * as st from './state';
import * as store from './store';
import { DUSK_MS, grouped, until } from './time';
import { toasts } from './toasts.svelte';

const SHEETS = ['addresses', 'new', 'open', 'connect', 'recovery', 'settings', 'about', 'keys', 'qr', 'extend', 'menu'] as const;
export type Sheet = (typeof SHEETS)[number];
/** Where the reader is, as the history keeps it: over a reload, too, but in no address that outlives the tab. Only a
 * panel has an address of its own (#about). */
interface Place { sheet?: Sheet; box?: string; folder?: string; open?: string; composing?: boolean }

/** The page is built in steps, each a task of its own at the start, so that none keeps a click waiting. */
export const BUILT = { head: 1, main: 2, address: 3, acts: 4, all: 5 } as const;

const UNDO_MS = 5_000;
const SOON_MS = 300;
const SAID_MS = 12_000;
const LAST_MS = 60_000;
const RECALL_MS = 1_000;
const UNDO_MAX_MS = 60_000;
const PAGE = 50;
const OTHERS_MS = 30_000;
const MESSAGES_KEPT = 60;
const ERASE_MS = 1_500; /* a start waits so long for what the page before was deleting */

class App {
  s: st.State = $state.raw(st.empty);
  status: Status = $state.raw({ kind: 'idle' });
  site: Site | null = $state.raw(null);
  settings: store.Settings = $state.raw(store.settings());
  sheet: Sheet | null = $state(null);
  said = $state('');
  now = $state(Date.now());
  /** How much of the page is built, a value of BUILT. */
  built: number = $state(0);
  starting: 'busy' | 'done' | string = $state('busy');
  message: Message | null = $state.raw(null);
  messageError = $state('');
  mailView: 'text' | 'html' | 'headers' | 'source' = $state('html');
  burning = $state(false);
  /** The mail being written, if one is. */
  composing: Composer | null = $state.raw(null);
  /** Every box that this tab has ever held. */
  private known = new Set<string>();
  private leaving = false;
  private burnt = '';
  private soon = 0;
  private offset = 0;
  private read = new Map<string, Message>();
  /** Mail that is deleted here: no list shows it, whatever the server still has. */
  private hidden = new Set<string>();
  /** Of these, what the server has not confirmed, and the box it is in. */
  private going = new Map<string, string>();
  private live: Live;

  constructor() {
    this.live = new Live({
      socket: () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`),
      events: api.events,
      wait: api.wait,
      online: () => navigator.onLine,
      onEvent: (e) => this.onEvent(e),
      onStatus: (x) => (this.status = x),
    });
  }

  get box(): st.Box | undefined {
    return st.current(this.s);
  }

  // ---- start and end -------------------------------------------------------------------------------------------

  async start(): Promise<void> {
    const words = setLanguage(store.settings().lang || preferred()).catch(() => undefined);
    this.applyTheme();
    addEventListener('popstate', () => this.onPlace((history.state ?? {}) as Place));
    store.onOtherTab((now, dropped) => void this.otherTab(now, dropped));
    addEventListener('online', () => (this.live.retry(), void this.composing?.save()));
    addEventListener('offline', () => this.live.offline());
    addEventListener('visibilitychange', () => void (document.hidden && this.composing?.save()));
    addEventListener('pagehide', () => this.leave());
    addEventListener('pageshow', () => (this.leaving = false));
    setInterval(() => this.tick(), 1000);
    setInterval(() => void this.refreshOthers(), OTHERS_MS);
    await Promise.all([words, this.restore()]);
  }

  /** The page goes: what waits for an undo is done, and what is on its way is remembered, because a page that is loaded
   * now may ask before it arrives. */
  private leave(): void {
    this.leaving = true;
    toasts.clear();
    void this.composing?.save();
    store.keepGoing([...this.going].map(([id, box]) => ({ box, id })));
  }

  /** Deletes what a page was deleting when it went; what fails is tried again with the next refresh. */
  private async finish(boxes: readonly { id: string; token: string }[]): Promise<void> {
    const all = store.going().flatMap((x) => boxes.filter((b) => b.id === x.box).map((b) => ({ ...x, token: b.token })));
    for (const x of all) this.hidden.add(x.id);
    await Promise.all(all.map((x) => api.remove(x.token, x.id).then(() => store.dropGoing(x.id), (e: unknown) => {
      if (e instanceof ApiError && (e.status === 401 || e.status === 404)) store.dropGoing(x.id);
    })));
  }

  async loadSite(): Promise<void> {
    this.site = await api.site().catch(() => this.site);
  }

  /** Opens what this browser knows; makes an address where nothing lives. */
  async restore(): Promise<void> {
    this.starting = 'busy';
    const kept = store.boxes();
    for (const k of kept) this.known.add(k.id);
    await Promise.race([this.finish(kept), new Promise((go) => setTimeout(go, ERASE_MS))]);
    const found = await Promise.all(kept.map((k) => this.reopen(k)));
    const boxes = found.filter((b) => b !== null);
    const gone = kept.filter((_, i) => found[i] === null);
    if (boxes.length === 0) await this.make({});
    else {
      this.s = { ...this.s, boxes };
      this.show(boxes.find((b) => b.id === store.last())?.id ?? boxes[0]!.id);
    }
    if (this.starting === 'busy') this.starting = 'done';
    for (const k of gone.slice(0, 2)) this.toast(t('ended.meanwhile', { address: k.address, time: until(Math.min(k.expiresAt, this.time()), this.now, language()) }), { ms: SAID_MS });
  }

  private async reopen(k: store.Kept): Promise<st.Box | null> {
    try {
      const info = await api.box(k.token);
      this.clock(info.now);
      return st.boxFrom(info, k.token, k.recovery);
    } catch (e) {
      if (e instanceof ApiError && (e.status === 401 || e.status === 404)) return null;
      if (k.expiresAt < this.time()) return null;
      const info = { id: k.id, address: k.address, created_at: this.time(), expires_at: k.expiresAt, idle_ttl: 0, ends_after: 0, received: 0, guessable: false, now: 0, folders: [], quota: { messages: 0, max_messages: 0, bytes: 0, max_bytes: 0 }, sending: st.CANNOT_SEND, forward: null };
      return st.boxFrom(info, k.token, k.recovery);
    }
  }

  /** Makes a box; says in words why not when it cannot. */
  async make(want: api.Wanted): Promise<string> {
    try {
      const made = await api.create(want);
      this.adopt(st.newborn(st.boxFrom(made.box, made.token, made.recovery)), made.box.now);
      return '';
    } catch (e) {
      const text = this.errorText(e);
      if (this.s.boxes.length === 0 && !this.s.ended) this.starting = text;
      return text;
    }
  }

  /** Words find their box alone; a password goes with its address. */
  async openBox(address: string, secret: { password: string } | { recovery: string }): Promise<string> {
    try {
      const made = await api.session(address.trim().toLowerCase(), secret);
      this.adopt(st.boxFrom(made.box, made.token, ''), made.box.now);
      void this.load('INBOX');
      return '';
    } catch (e) {
      if (e instanceof ApiError && (e.status === 401 || e.status === 404 || e.status === 403 || e.status === 422 || e.status === 400)) return t('open.wrong');
      return this.errorText(e);
    }
  }

  private adopt(box: st.Box, now: number): void {
    this.clock(now);
    this.starting = 'done';
    this.s = st.addBox(this.s, box);
    this.select(box.id);
  }

  /** Puts a box on screen. */
  show(id: string): void {
    this.select(id);
    void this.load('INBOX');
  }

  private select(id: string): void {
    this.s = { ...st.select(this.s, id), ended: null };
    this.message = null;
    store.saveLast(id);
    this.keep();
    setTimeout(() => this.watch()); /* opening a line takes as long as a step of the page */
  }

  private keep(): void {
    for (const b of this.s.boxes) this.known.add(b.id);
    store.saveBoxes(this.s.boxes.map(({ id, address, token, recovery, expiresAt }) => ({ id, address, token, recovery, expiresAt })), this.known);
  }

  /** Another tab of this browser made, dropped or changed something; all tabs hold the same. */
  private async otherTab(now: store.Kept[] | null, dropped: string[]): Promise<void> {
    if (!now) return location.replace('/');
    for (const k of now.filter((x) => !this.known.has(x.id))) {
      this.known.add(k.id);
      const b = await this.reopen(k);
      if (b) this.s = { ...this.s, boxes: [...this.s.boxes, b] };
    }
    const words = new Map(now.map((k) => [k.id, k.recovery]));
    this.s = { ...this.s, boxes: this.s.boxes.map((b) => ({ ...b, recovery: words.get(b.id) ?? b.recovery })) };
    for (const b of this.s.boxes.filter((x) => dropped.includes(x.id))) {
      if (await this.reopen(b)) this.forget(b.id);
      else this.over(b.id, 'closed');
    }
    this.watch();
  }

  private watch(): void {
    const mine = this.s.boxes.map((b) => ({ id: b.id, token: b.token, uid: st.listOf(b, 'INBOX').items[0]?.uid ?? 0 }));
    mine.sort((a, b) => Number(b.id === this.s.current) - Number(a.id === this.s.current));
    this.live.watch(mine);
  }

  // ---- time ----------------------------------------------------------------------------------------------------

  /** The server's clock, as far as its answers tell it. */
  time(): number {
    return Date.now() + this.offset;
  }

  private clock(now: number): void {
    if (now > 0) this.offset = now - Date.now();
    this.now = this.time();
  }

  private tick(): void {
    const before = this.now;
    this.now = this.time();
    for (const b of this.s.boxes) if (b.expiresAt <= this.now) this.over(b.id, 'time');
    const b = this.box;
    const passed = (left: number): boolean => !!b && b.expiresAt - before > left && b.expiresAt - this.now <= left;
    if (passed(DUSK_MS)) this.say(t('life.soon'));
    if (passed(LAST_MS)) this.toast(t('life.last'), { act: { label: t('address.extend'), run: () => this.go('extend') }, ms: SAID_MS });
    badge(this.s);
  }

  private over(id: string, how: 'time' | 'closed'): void {
    const b = st.boxOf(this.s, id);
    if (!b) return;
    const onScreen = this.s.current === id;
    this.s = st.endBox(this.s, id, { address: b.address, at: Math.min(b.expiresAt, this.time()), mails: b.quota.messages, how });
    this.afterEnd(onScreen);
  }

  private afterEnd(onScreen: boolean, burned = false): void {
    const c = this.composing;
    if (c && !st.boxOf(this.s, c.boxId)) {
      if (burned || c.empty) this.composing = null;
      else c.end(); /* what nobody has sent yet is still theirs to read */
    }
    if (onScreen) {
      this.message = null;
      this.burning = false;
      toasts.clear();
      if (this.sheet) this.close();
      this.say(t(this.s.ended?.how === 'closed' ? 'ended.closed.title' : 'ended.title'));
    }
    this.keep();
    this.watch();
  }

  async extend(body: Parameters<typeof api.change>[1]): Promise<string> {
    const b = this.box;
    if (!b) return '';
    try {
      const info = await api.change(b.token, body);
      this.s = st.updateBox(this.s, info);
      this.keep();
      if (body.password === undefined) this.toast(t('extend.done', { time: until(info.expires_at, this.now, language()) }));
      return '';
    } catch (e) {
      return this.errorText(e);
    }
  }

  async burn(): Promise<string> {
    const b = this.box;
    if (!b) return '';
    this.burnt = b.id; /* the live line tells of the end, too: the answer here says more */
    try {
      const gone = await api.burn(b.token);
      this.s = st.endBox(this.s, b.id, { address: b.address, at: gone.ended_at || this.time(), mails: gone.messages, how: 'burned' });
      this.afterEnd(true, true);
      return '';
    } catch (e) {
      this.burnt = '';
      return this.failed(e, b);
    }
  }

  forget(id: string): void {
    const wasShown = this.s.current === id;
    this.s = st.endBox(this.s, id, null);
    this.keep();
    if (wasShown && this.s.current) this.show(this.s.current);
    else this.watch();
  }

  /** Everything of ours leaves this browser; `leave` also leaves the page. */
  async forgetAll(leave: boolean): Promise<void> {
    this.live.close();
    toasts.clear();
    this.going.clear();
    this.s = st.empty;
    this.message = null;
    this.read.clear();
    await store.forgetAll();
    location.replace(leave ? 'about:blank' : '/');
  }

  // ---- mail ----------------------------------------------------------------------------------------------------

  async load(folder: string, more = false): Promise<void> {
    const b = this.box;
    if (!b) return;
    const cursor = more ? st.listOf(b, folder).cursor : null;
    const before = st.idsOf(b, folder);
    try {
      const page = await this.page(b, { folder, limit: PAGE, ...(cursor ? { cursor } : {}) });
      this.s = st.setPage(this.s, b.id, folder, page, more, before);
      badge(this.s);
      if (folder === 'Sent') await this.loadOutbox(b);
    } catch (e) {
      this.failed(e, b);
    }
  }

  private async page(b: st.Box, q: Parameters<typeof api.messages>[1]): Promise<Page> {
    const page = await api.messages(b.token, q);
    return { ...page, messages: page.messages.filter((i) => !this.hidden.has(i.id)) };
  }

  folder(name: string): void {
    this.s = st.setFolder(this.s, name);
    this.message = null;
    this.place({}, true);
    void this.load(name);
  }

  async search(query: string, more = false): Promise<void> {
    const b = this.box;
    if (!b) return;
    if (!query.trim()) return void (this.s = st.clearResults(this.s));
    const cursor = more ? this.s.results?.cursor : null;
    try {
      const page = await this.page(b, { folder: this.s.folder, q: query, limit: PAGE, ...(cursor ? { cursor } : {}) });
      if (this.box?.id === b.id) this.s = st.setResults(this.s, query, page, more);
    } catch (e) {
      this.errorToast(this.failed(e, b));
    }
  }

  /** Opens a mail: the row's own facts are there at once, the rest follows. */
  async open(id: string): Promise<void> {
    const b = this.box;
    if (!b) return;
    if (this.s.folder === 'Drafts' && !this.s.results && st.canSend(b)) return this.compose({ kind: 'edit', id });
    const was = this.s.open;
    this.s = st.settle(st.opened(this.s, id), id);
    this.messageError = '';
    this.message = this.read.get(id) ?? null;
    if (this.message) this.mailView = this.message.html ? 'html' : 'text';
    this.place({}, was !== null);
    this.mark(id, true);
    if (this.message) return;
    try {
      const m = await this.whole(b.token, id);
      if (this.s.open !== id) return;
      this.mailView = m.html ? 'html' : 'text';
      this.message = m;
    } catch (e) {
      if (e instanceof ApiError && e.status === 404) return this.vanished(b, id);
      if (this.s.open === id) this.messageError = e instanceof ApiError && e.offline ? t('error.offline') : t('read.failed');
      this.failed(e, b);
    }
  }

  /** It was deleted elsewhere. */
  private vanished(b: st.Box, id: string): void {
    if (this.s.open === id) this.closeMessage();
    this.s = st.removed(this.s, b.id, [id]);
    this.toast(t('read.gone'));
  }

  /** A mail with all its parts, asked for once. */
  async whole(token: string, id: string): Promise<Message> {
    const had = this.read.get(id);
    if (had) return had;
    const m = await api.message(token, id);
    this.remember(m);
    return m;
  }

  private remember(m: Message): void {
    this.read.set(m.id, m);
    if (this.read.size > MESSAGES_KEPT) this.read.delete(this.read.keys().next().value!);
  }

  closeMessage(): void {
    if ((history.state as Place | null)?.open) history.back();
    else this.onPlace({});
  }

  step(by: 1 | -1): void {
    const id = st.neighbour(this.s, by);
    if (id) void this.open(id);
  }

  mark(id: string, seen: boolean): void {
    const b = this.box;
    const item = st.find(b, id) ?? this.s.results?.items.find((i) => i.id === id);
    if (!b || !item || item.seen === seen) return;
    this.s = st.marked(this.s, b.id, id, { seen });
    api.mark(b.token, id, { seen }).catch((e: unknown) => this.failed(e, b));
    badge(this.s);
  }

  flag(id: string, flagged: boolean): void {
    const b = this.box;
    if (!b) return;
    this.s = st.marked(this.s, b.id, id, { flagged });
    api.mark(b.token, id, { flagged }).catch((e: unknown) => this.errorToast(this.failed(e, b)));
  }

  /** Corrects where a mail was put, with time to think again: then it goes back to the folder it came from. */
  async junk(id: string, spam: boolean): Promise<void> {
    const b = this.box;
    if (!b) return;
    const from = (st.find(b, id) ?? this.s.results?.items.find((i) => i.id === id))?.folder ?? 'INBOX';
    try {
      await api.verdict(b.token, id, spam);
      const goal = spam ? 'Junk' : 'INBOX';
      this.read.delete(id);
      const next = st.after(this.s, [id]);
      this.s = st.moved(this.s, b.id, id, goal);
      this.message = null;
      if ((history.state as Place | null)?.open === id) history.back();
      this.land(next);
      this.toast(t(spam ? 'read.junked' : 'read.unjunked'), { act: { label: t('undo'), run: () => void this.unjunk(b, id, !spam, from), undoes: true }, ms: UNDO_MS });
    } catch (e) {
      this.errorToast(this.failed(e, b));
    }
  }

  private async unjunk(b: st.Box, id: string, spam: boolean, folder: string): Promise<void> {
    try {
      await api.verdict(b.token, id, spam);
      if (folder !== (spam ? 'Junk' : 'INBOX')) await api.mark(b.token, id, { folder });
      this.s = st.moved(this.s, b.id, id, folder);
      this.land(id);
      badge(this.s);
    } catch (e) {
      this.errorToast(this.failed(e, b));
    }
  }

  /** Deletes with five seconds to think again; leaving the page deletes at once. */
  remove(ids: readonly string[]): void {
    const b = this.box;
    if (!b || ids.length === 0) return;
    const all = [...Object.values(b.lists).flatMap((l) => l.items), ...(this.s.results?.items ?? [])];
    const items = [...new Map(all.filter((i) => ids.includes(i.id)).map((i) => [i.id, i])).values()];
    const wasOpen = this.s.open;
    const next = st.after(this.s, ids);
    this.s = st.removed(this.s, b.id, ids);
    if (wasOpen && ids.includes(wasOpen)) this.closeMessage();
    this.land(next);
    badge(this.s);
    for (const id of ids) this.hidden.add(id);
    const undo = (): void => {
      for (const id of ids) this.hidden.delete(id);
      this.s = st.put(this.s, b.id, items);
      this.land(items[0]?.id ?? '');
    };
    const gone = (): void => ids.forEach((id) => void this.erase(b, id).catch((e: unknown) => this.undelete(e, b, items.filter((i) => i.id === id))));
    this.toast(t('list.deleted', { n: ids.length }), { act: { label: t('undo'), run: undo }, gone, ms: UNDO_MS });
  }

  /** Deletes for good, also when the page goes meanwhile. */
  async erase(b: { id: string; token: string }, id: string): Promise<void> {
    this.hidden.add(id);
    this.going.set(id, b.id);
    try {
      await api.remove(b.token, id);
    } catch (e) {
      if (this.leaving) return; /* remembered: the next page tries again */
      this.hidden.delete(id);
      this.going.delete(id);
      throw e;
    }
    this.going.delete(id);
    store.dropGoing(id);
  }

  /** When what had the focus is gone, the row that took its place has it, or the list as a whole. */
  private land(id: string): void {
    void tick().then(() => {
      if (document.activeElement && document.activeElement !== document.body) return;
      const row = document.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
      (row ?? document.getElementById('main'))?.focus();
    });
  }

  private undelete(e: unknown, b: st.Box, items: Item[]): void {
    if (e instanceof ApiError && e.status === 404) return;
    this.s = st.put(this.s, b.id, items);
    this.errorToast(this.failed(e, b));
  }

  // ---- writing -------------------------------------------------------------------------------------------------

  /** Opens the composer; what it held before is kept as a draft. */
  async compose(what: Omit<Start, 'box'>): Promise<void> {
    const b = this.box;
    if (!b || !st.canSend(b)) return;
    await this.composing?.leave();
    const { Composer: Made } = await import('./compose.svelte');
    this.composing = new Made({ ...what, box: b });
    if (matchMedia('(max-width: 719px)').matches) history.pushState({ ...(history.state as Place | null), composing: true }, '');
  }

  answer(kind: Exclude<Kind, 'new' | 'edit'>): void {
    const id = this.s.open;
    if (id) void this.compose({ kind, id });
  }

  /** The composer goes from the screen; what it holds stays, unless it is over. */
  closeComposer(): void {
    const c = this.composing;
    this.composing = null;
    if ((history.state as Place | null)?.composing) history.back();
    void c?.leave();
  }

  dropComposer(discard: boolean): void {
    const c = this.composing;
    this.composing = null;
    if ((history.state as Place | null)?.composing) history.back();
    if (discard) c?.discard();
  }

  /** A mail is on its way, and can be had back until that time. */
  left(boxId: string, id: string, until: number): void {
    this.dropComposer(false);
    const b = st.boxOf(this.s, boxId);
    if (!b) return;
    const ms = Math.max(0, until - this.time());
    if (ms > 0) this.toast(t('compose.sent'), { act: { label: t('compose.undo.send'), run: () => void this.recall(b, id, until), undoes: true }, ms, ends: true });
    else this.toast(t('compose.sent'));
    setTimeout(() => void this.loadOutbox(b), ms + 1_500);
  }

  /** Takes a mail back. Without the server it is tried again as long as it may help: until then. */
  async recall(b: st.Box, id: string, until = 0): Promise<void> {
    let said = 0;
    try {
      const draft = await this.recallUntil(b, id, until, () => (said ||= toasts.show(t('compose.recalling'), { ms: UNDO_MAX_MS })));
      void this.loadOutbox(b);
      if (this.s.open) this.closeMessage();
      if (draft && this.box?.id === b.id) await this.compose({ kind: 'edit', id: draft });
    } catch (e) {
      const late = until > 0 && e instanceof ApiError && e.offline;
      const status = e instanceof ApiError ? e.status : 0;
      this.errorToast(late ? t('compose.notrecalled') : status === 409 ? t('compose.toolate') : status === 404 ? t('compose.recalled') : this.failed(e, b));
      if (status === 404) void this.loadOutbox(b);
    }
    toasts.dismiss(said);
  }

  private async recallUntil(b: st.Box, id: string, until: number, again: () => void): Promise<string> {
    for (;;) {
      try {
        return await api.recall(b.token, id);
      } catch (e) {
        if (!(e instanceof ApiError) || !e.offline || this.time() + RECALL_MS >= until) throw e;
      }
      again();
      await new Promise((go) => setTimeout(go, RECALL_MS));
    }
  }

  async loadOutbox(b: st.Box): Promise<void> {
    await api.outbox(b.token).then((list) => void (this.s = st.setOutbox(this.s, b.id, list)), () => undefined);
  }

  // ---- live ----------------------------------------------------------------------------------------------------

  private onEvent(e: LiveEvent): void {
    const before = st.boxOf(this.s, e.mailbox);
    const known = e.type === 'message.new' && st.find(before, e.message.id) !== undefined;
    const onScreen = this.s.current === e.mailbox;
    if (e.type === 'mailbox.ended' && e.mailbox === this.burnt) return;
    this.s = st.apply(this.s, e);
    if (e.type === 'message.new' && before && !known) this.onMail(before, e.message);
    else if (e.type === 'mailbox.ended' && before) this.afterEnd(onScreen);
    else if (e.type === 'resync' || e.type === 'denied') void this.refresh(e.mailbox);
    else if (e.type === 'message.changed' && before && !st.find(before, e.id)) this.refreshSoon(e.mailbox);
    else if (e.type === 'message.sending' && before) this.onSending(before, e.sending);
    if (e.type === 'message.deleted' && this.message?.id === e.id) this.message = null;
    badge(this.s);
  }

  /** Only what went wrong is worth a word in passing. */
  private onSending(b: st.Box, s: Sent): void {
    if (s.state !== 'failed' || b.outbox.some((x) => x.id === s.id && x.state === 'failed') || (s.message && this.s.open === s.message)) return;
    const to = s.recipients.filter((r) => r.state === 'failed').map((r) => r.address).join(', ');
    this.toast(t('sent.failed.toast', { to }), !s.message ? { ms: SAID_MS } : { act: { label: t('new.show'), run: () => this.goTo(b.id, s.message) }, ms: SAID_MS });
  }

  private onMail(b: st.Box, m: Item): void {
    if (st.isMine(m.folder)) return;
    const here = this.s.current === b.id;
    const name = m.from.name || m.from.address || t('list.nosender');
    const code = m.code ? ` ${t('new.code', { code: [...m.codeCopy].join(' ') })}` : '';
    const text = t('new.arrived', { name, subject: m.subject || t('list.nosubject') });
    const hidden = here && this.s.open !== null && matchMedia('(max-width: 719px)').matches;
    if (!here || hidden) this.toast(here ? text : t('new.elsewhere', { address: b.address }), { act: { label: t('new.show'), run: () => this.goTo(b.id, m.id) }, ms: SAID_MS });
    else this.say(text + code);
    setTimeout(() => (this.s = st.settle(this.s, m.id)), 1600);
    if (m.folder !== 'Junk') alertMail(this.settings, name, m.code ? `${grouped(m.code)} · ${m.subject}` : m.subject, () => this.goTo(b.id, m.id));
  }

  goTo(boxId: string, id: string): void {
    if (this.s.current !== boxId) this.show(boxId);
    void this.open(id);
  }

  /** Mail that is not listed here was moved, perhaps to where it should be; perhaps much of it. */
  private refreshSoon(id: string): void {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => void this.refresh(id), SOON_MS) as unknown as number;
  }

  /** The last attempts to hand mail in, for who waits. */
  async loadAttempts(id: string): Promise<void> {
    const b = st.boxOf(this.s, id);
    if (b) await api.trace(b.token).then((list) => void (this.s = st.setAttempts(this.s, id, list)), () => undefined);
  }

  private async refresh(id: string): Promise<void> {
    const all = id ? this.s.boxes.filter((b) => b.id === id) : this.s.boxes;
    await this.finish(all);
    for (const b of all) {
      try {
        const info = await api.box(b.token);
        this.clock(info.now);
        this.s = st.updateBox(this.s, info);
        if (b.id !== this.s.current) continue;
        await this.load(this.s.folder);
        if (this.messageError && this.s.open) void this.open(this.s.open); /* the line was down when it was asked for */
      } catch (e) {
        this.failed(e, b);
      }
    }
  }

  /** Without a socket only the box on screen is followed live; the others are asked now and then. */
  private async refreshOthers(): Promise<void> {
    if (this.status.kind !== 'live' || this.status.over === 'socket') return;
    for (const b of this.s.boxes) if (b.id !== this.s.current) await this.refresh(b.id);
  }

  reconnect(): void {
    this.live.retry();
  }

  // ---- places: what the back button undoes ---------------------------------------------------------------------

  private place(p: { sheet?: Sheet }, replace: boolean): void {
    const { current, folder, open } = this.s;
    const all: Place = { ...p, ...(current ? { box: current } : {}), folder, ...(open ? { open } : {}) };
    const url = p.sheet ? `#${p.sheet}` : location.pathname;
    if (replace) history.replaceState(all, '', url);
    else history.pushState(all, '', url);
  }

  /** After a reload: where the reader was; and whatever panel the page's address names. */
  resume(): void {
    const p = (history.state ?? {}) as Place;
    const asked = SHEETS.find((x) => `#${x}` === location.hash);
    if (p.box === this.s.current && p.folder && p.folder !== this.s.folder) {
      this.s = st.setFolder(this.s, p.folder);
      void this.load(p.folder);
    }
    if (p.box === this.s.current && p.open && !this.hidden.has(p.open)) {
      this.s = st.opened(this.s, p.open);
      void this.open(p.open);
    } else if (!p.sheet) this.place({}, true);
    if (p.sheet) this.sheet = p.sheet;
    else if (asked) this.go(asked);
  }

  private onPlace(p: Place): void {
    if (this.composing && !p.composing && matchMedia('(max-width: 719px)').matches) {
      void this.composing.leave();
      this.composing = null;
    }
    this.sheet = p.sheet ?? SHEETS.find((x) => `#${x}` === location.hash) ?? null;
    if (this.sheet) return;
    const open = p.open && p.box === this.s.current && st.find(this.box, p.open) ? p.open : null;
    if (open !== this.s.open) {
      this.s = st.opened(this.s, open);
      this.message = open ? (this.read.get(open) ?? null) : null;
      if (open && !this.message) void this.open(open);
    }
  }

  go(sheet: Sheet): void {
    this.place({ sheet }, this.sheet !== null);
    this.sheet = sheet;
  }

  close(): void {
    if ((history.state as Place | null)?.sheet) history.back();
    this.sheet = null;
  }

  // ---- words ---------------------------------------------------------------------------------------------------

  say(text: string): void {
    this.said = '';
    setTimeout(() => (this.said = text), 60);
  }

  toast(text: string, more: Parameters<typeof toasts.show>[1] = {}): void {
    toasts.show(text, more);
    this.say(text);
  }

  errorToast(text: string): void {
    toasts.error(text);
  }

  /** What went wrong with a box's call, in words; a token that opens nothing any more means that the box ended. */
  private failed(e: unknown, b: st.Box): string {
    if (e instanceof ApiError && e.status === 401) {
      this.over(b.id, b.expiresAt <= this.time() ? 'time' : 'closed');
      return '';
    }
    return this.errorText(e);
  }

  errorText(e: unknown): string {
    if (!(e instanceof ApiError)) return t('error.other', { code: '?' });
    if (e.offline) return t('error.offline');
    if (e.code === 'too_soon') return t('error.toosoon');
    if (e.status === 429) return e.retryAfterS ? t('error.rate', { n: e.retryAfterS }) : t('error.rate.soon');
    if (e.code.startsWith('password_')) return t('error.weak');
    if (e.code === 'domain_unknown') return t('error.domain');
    if (e.code === 'address_taken' || e.code === 'local_reserved') return t('error.taken');
    if (e.code.startsWith('local_')) return t('error.name');
    if (e.status === 507) return t('error.full');
    if (e.code === 'bad_answer') return t('error.bad_answer');
    if (e.status >= 500) return t('error.busy');
    return e.detail || t('error.other', { code: e.code || e.status });
  }

  // ---- settings ------------------------------------------------------------------------------------------------

  async set(change: Partial<store.Settings>): Promise<void> {
    this.settings = { ...this.settings, ...change };
    store.saveSettings(this.settings);
    this.applyTheme();
    if (change.lang) await setLanguage(change.lang);
  }

  private applyTheme(): void {
    const { theme } = this.settings;
    if (theme === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }

  wordsSaved(): void {
    if (!this.box) return;
    this.s = st.forgetWords(this.s, this.box.id);
    this.keep();
  }

  wordsMade(words: string): void {
    const b = this.box;
    if (!b) return;
    this.s = { ...this.s, boxes: this.s.boxes.map((x) => (x.id === b.id ? { ...x, recovery: words } : x)) };
    this.keep();
  }
}

export const app = new App();
