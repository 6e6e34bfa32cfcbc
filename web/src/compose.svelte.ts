// The mail being written: its fields, its draft on the server, its files on their way there. One at a time; what is on
// screen is views/Compose.svelte. A draft is saved a moment after the last change, one save after the other, and a file
// goes up once: later saves name it.
import * as api from './api';
import { ApiError } from './api';
import { app } from './app.svelte';
import { language, t } from './i18n/i18n.svelte';
import { addRcpts, parseRcpts, rcpt, type Rcpt } from './people';
import type { FileRef, Message, Person } from './shape';
import type { Box } from './state';
import * as store from './store';
import { long } from './time';

export type Kind = 'new' | 'reply' | 'reply_all' | 'forward' | 'edit';
export type Field = 'to' | 'cc' | 'bcc';
const FIELDS = ['to', 'cc', 'bcc'] as const;
export interface Start { kind: Kind; box: Box; id?: string; to?: Person[]; subject?: string; text?: string }
export interface Attached { key: number; name: string; type: string; size: number; blob: Blob | null; ref: FileRef | null; part: number; error: string }

const SAVE_MS = 1_500;
const RETRY_MS = 5_000;
const UNDO_S = 10;

const chance = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, '0')).join('');
const base64 = (b: Blob): Promise<string> =>
  new Promise((done, fail) => {
    const r = new FileReader();
    r.onload = () => done(String(r.result).split(',', 2)[1] ?? '');
    r.onerror = () => fail(new Error(t('file.failed')));
    r.readAsDataURL(b);
  });

const shown = (p: Person): string => (p.name ? `${p.name} <${p.address}>` : p.address);

/** Empty: for others to say. */
function refusal(code: string, address: string): string {
  if (code === 'send_unknown_to_box') return t('compose.replyonly.refused', { address });
  if (code === 'send_no_way_out') return t('compose.nowayout', { address });
  if (code === 'send_cap_box' || code === 'send_cap_all') return t('compose.cap');
  return code === 'send_stopped' || code === 'send_off' ? t('compose.off') : '';
}

export class Composer {
  readonly kind: Kind;
  readonly boxId: string;
  readonly address: string;
  private readonly token: string;
  rcpts: Record<Field, Rcpt[]> = $state({ to: [], cc: [], bcc: [] });
  typed: Record<Field, string> = $state({ to: '', cc: '', bcc: '' });
  subject = $state('');
  text = $state('');
  files: Attached[] = $state([]);
  loading = $state(true);
  error = $state('');
  /** What of the way to the server is done, from 0 to 1, while it is sent. */
  sending: number | null = $state(null);
  saved: 'no' | 'saving' | 'saved' | 'failed' = $state('no');
  /** The draft was sent, saved or deleted by another than this composer: whether this leaves, too, is for who writes to say. */
  elsewhere = $state(false);
  /** Its box is over: what is written can be read and copied, no more. */
  ended = $state(false);
  draft = '';
  private barred: { address: string; text: string } | null = $state(null);
  /** The answer to a save was lost: the draft may have another id than is known here. */
  private unsure = false;
  private inReplyTo = '';
  /** Of a draft that came with formatting, and the text that says the same. */
  private formatted = $state({ html: '', text: '', leftOut: false });
  private touched = false;
  private dirty = false;
  private over = false;
  private timer = 0;
  private line: Promise<void> = Promise.resolve();
  private keys = 0;
  /** Of this mail as it is now: when an answer is lost, the same mail is not sent twice. */
  private once = '';

  constructor(start: Start) {
    this.kind = start.kind;
    this.boxId = start.box.id;
    this.address = start.box.address;
    this.token = start.box.token;
    this.rcpts.to = (start.to ?? []).map(rcpt);
    this.subject = start.subject ?? '';
    this.text = start.text ?? '';
    void this.begin(start);
  }

  private async begin(start: Start): Promise<void> {
    try {
      if (start.id && start.kind !== 'new') await this.take(start.id, start.kind);
    } catch (e) {
      this.error = app.errorText(e);
    }
    this.loading = false;
  }

  private async take(id: string, kind: Exclude<Kind, 'new'>): Promise<void> {
    const [b, m] = await Promise.all([api.begin(this.token, id, kind), kind === 'edit' ? null : app.whole(this.token, id)]);
    this.rcpts = { to: b.to.map(rcpt), cc: b.cc.map(rcpt), bcc: b.bcc.map(rcpt) };
    const typed = store.typed(b.draft);
    for (const f of FIELDS) this.rcpts[f] = addRcpts(this.rcpts[f], parseRcpts(typed[f] ?? ''));
    this.subject = b.subject;
    this.text = kind === 'edit' ? b.text.replace(/\n$/, '') : kind === 'forward' ? `\n\n${forwarded(m!)}\n${b.text}` : b.text.trim() ? `\n\n${wrote(m!)}\n${b.text}` : '';
    this.formatted = { html: b.html, text: this.text, leftOut: b.html_left_out };
    this.inReplyTo = b.in_reply_to;
    this.draft = b.draft;
    if (b.draft) this.saved = 'saved';
    if (b.refused?.code === 'send_unknown_to_box') this.barred = { address: b.refused.address, text: t(kind === 'edit' ? 'compose.replyonly.refused' : 'compose.unproven', { address: b.refused.address }) };
    else if (b.refused?.code === 'send_no_way_out') this.barred = { address: b.refused.address, text: refusal(b.refused.code, b.refused.address) };
    else if (b.refused) this.error = refusal(b.refused.code, b.refused.address) || b.refused.detail;
    this.files = b.attachments.map((a) => ({ key: this.keys++, name: a.filename, type: a.content_type, size: a.size, blob: null, ref: { message: a.message, n: a.n }, part: 1, error: '' }));
  }

  // ---- changes -------------------------------------------------------------------------------------------------

  touch(): void {
    this.touched = this.dirty = true;
    this.once = '';
    this.error = '';
    if (this.saved === 'saved') this.saved = 'no';
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), SAVE_MS) as unknown as number;
  }

  /** What is typed becomes recipients. */
  commit(field: Field): void {
    const more = parseRcpts(this.typed[field]);
    this.typed[field] = '';
    if (more.length === 0) return;
    this.rcpts[field] = addRcpts(this.rcpts[field], more);
    this.touch();
  }

  add(field: Field, p: Person): void {
    this.typed[field] = '';
    this.rcpts[field] = addRcpts(this.rcpts[field], [rcpt(p)]);
    this.touch();
  }

  drop(field: Field, address: string): void {
    this.rcpts[field] = this.rcpts[field].filter((r) => r.address !== address);
    this.touch();
  }

  attach(list: Iterable<File>): void {
    const room = (app.box?.sending.max_bytes || Infinity) * 0.72; /* base64 takes a third more */
    let sum = this.files.reduce((n, f) => n + (f.error ? 0 : f.size), 0);
    for (const f of list) {
      sum += f.size;
      this.files.push({ key: this.keys++, name: f.name, type: f.type, size: f.size, blob: f, ref: null, part: 0, error: sum > room ? t('compose.toolarge') : '' });
    }
    this.touch();
    void this.save();
  }

  detach(key: number): void {
    this.files = this.files.filter((f) => f.key !== key);
    this.touch();
  }

  /** Its formatting, which cannot be changed here: 'kept' as long as the text is what it was, 'left' where it never can be. */
  get formatting(): 'none' | 'kept' | 'lost' | 'left' {
    if (this.formatted.leftOut) return 'left';
    return !this.formatted.html ? 'none' : this.text === this.formatted.text ? 'kept' : 'lost';
  }

  /** What would be lost if the page went now. */
  get unsaved(): boolean {
    return !this.empty && (this.ended || (!this.over && (this.dirty || this.saved === 'saving')));
  }

  get empty(): boolean {
    return !this.text.trim() && !this.subject.trim() && this.files.length === 0 && FIELDS.every((f) => this.rcpts[f].length === 0 && !this.typed[f].trim());
  }

  /** Why it cannot go to those whom it is for, as was known before it was written; empty: nothing is known against it. */
  get bar(): string {
    const one = this.barred;
    return one && FIELDS.some((f) => this.rcpts[f].some((r) => r.address === one.address)) ? one.text : '';
  }

  /** As it would be if what is being typed were done. */
  private all(field: Field): Rcpt[] {
    return addRcpts(this.rcpts[field], parseRcpts(this.typed[field]));
  }

  /** Recipients that are no addresses: the server keeps none of these, this browser does. */
  private mistyped(): store.Typed {
    return Object.fromEntries(FIELDS.map((f) => [f, this.all(f).filter((r) => !r.ok).map((r) => r.address).join(', ')]));
  }

  // ---- the draft -----------------------------------------------------------------------------------------------

  private async written(files: readonly Attached[]): Promise<api.Written> {
    const good = (f: Field): Person[] => this.all(f).filter((r) => r.ok).map(({ name, address }) => ({ name, address }));
    const attachments = await Promise.all(files.map(async (f) => f.ref ?? { filename: f.name, content_type: /^[\w.+-]+\/[\w.+-]+$/.test(f.type) ? f.type : '', content: await base64(f.blob!) }));
    return {
      to: good('to'), cc: good('cc'), bcc: good('bcc'), subject: this.subject, text: this.text, attachments,
      ...(this.formatting === 'kept' ? { html: this.formatted.html } : {}),
      ...(this.inReplyTo ? { in_reply_to: this.inReplyTo } : {}),
    };
  }

  save(): Promise<void> {
    clearTimeout(this.timer);
    return (this.line = this.line.then(() => this.saveOnce()));
  }

  private async saveOnce(): Promise<void> {
    if (!this.dirty || this.over || this.empty || this.loading) return;
    this.dirty = false;
    this.saved = 'saving';
    let up: Attached[] = [];
    try {
      const files = await this.patiently(async (body, all) => {
        up = all.filter((f) => !f.ref);
        const typed = this.mistyped(), before = this.draft;
        this.draft = await api.draft(this.token, before, body, (part) => { for (const f of up) f.part = part; });
        store.keepTyped(this.boxId, before, this.draft, typed);
        return all;
      });
      files.forEach((f, n) => { f.ref = { message: this.draft, n }; f.part = 1; });
      this.saved = this.dirty ? 'no' : 'saved';
      this.unsure = false;
    } catch (e) {
      this.saved = 'failed';
      this.unsure ||= e instanceof ApiError && e.offline;
      const later = !(e instanceof ApiError) || e.offline || e.status >= 429; /* no fault of what is written */
      for (const f of up) {
        if (later) f.part = 0;
        else f.error = this.words(e);
      }
      this.dirty = later || up.length === 0;
      if (later) this.timer = setTimeout(() => void this.save(), RETRY_MS) as unknown as number;
    }
  }

  /** What a mail names may be gone meanwhile, sent or deleted in another tab: it then goes on without that. */
  private async patiently<T>(run: (body: api.Written, files: Attached[]) => Promise<T>): Promise<T> {
    for (;;) {
      const files = this.files.filter((f) => !f.error);
      try {
        return await run(await this.written(files), files);
      } catch (e) {
        if (!(e instanceof ApiError) || e.status !== 404 || !this.without(e.code)) throw e;
      }
    }
  }

  /** True: what the server did not find is not named any more. */
  private without(code: string): boolean {
    if (code === 'draft_not_found' && this.draft) {
      this.again(this.files.filter((f) => f.ref?.message === this.draft));
      this.draft = '';
      this.elsewhere = !this.unsure;
      return true;
    }
    if (code === 'answered_not_found' && this.inReplyTo) {
      this.inReplyTo = '';
      return true;
    }
    return code === 'attachment_not_found' && this.again(this.files.filter((f) => f.ref));
  }

  /** Files that are not on the server any more go up again, where the page has them. */
  private again(files: Attached[]): boolean {
    for (const f of files) {
      f.ref = null;
      f.part = 0;
      if (!f.blob) f.error = t('compose.file.gone');
    }
    return files.length > 0;
  }

  private words(e: unknown): string {
    if (!(e instanceof ApiError) || e.offline) return t('error.offline');
    const no = refusal(e.code, e.detail.split(': ')[0] ?? '');
    if (no) return no;
    if (e.code === 'attachment_not_found') return t('compose.file.first');
    if (e.code === 'message_too_large' || e.status === 413) return t('compose.toolarge');
    return app.errorText(e);
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  /** True: it is on its way. anyway: whatever became of its draft elsewhere. */
  async send(anyway = false): Promise<boolean> {
    if (this.sending !== null || this.loading || this.over || this.bar || (this.elsewhere && !anyway)) return false;
    if (anyway) this.touched = true;
    for (const f of FIELDS) this.commit(f);
    const all = Object.values(this.rcpts).flat();
    const wrong = all.find((r) => !r.ok);
    this.error = wrong ? t('compose.wrong', { address: wrong.address }) : all.length === 0 ? t('compose.nobody') : this.files.some((f) => f.error) ? t('compose.file.first') : '';
    if (this.error) return false;
    this.sending = 0;
    this.once ||= chance();
    clearTimeout(this.timer);
    try {
      await this.line;
      const gone = await this.patiently((body, files) => {
        if (this.elsewhere && !anyway) throw new ApiError(409, 'draft_not_found', '');
        if (files.length < this.files.length) throw new ApiError(422, 'attachment_not_found', '');
        return api.send(this.token, this.once, { ...body, undo: UNDO_S, ...(this.draft ? { draft: this.draft } : {}) }, (part) => (this.sending = part));
      });
      this.over = true;
      store.keepTyped(this.boxId, this.draft, '', {});
      app.left(this.boxId, gone.id, gone.undo_until);
      return true;
    } catch (e) {
      this.error = this.elsewhere || this.ended ? '' : this.words(e);
      this.sending = null;
      this.dirty ||= this.touched && this.draft === '';
      void this.save();
      return false;
    }
  }

  /** Its box is over. */
  end(): void {
    clearTimeout(this.timer);
    this.over = this.ended = true;
    this.error = '';
  }

  /** Keeps what is worth keeping. */
  async leave(): Promise<void> {
    if (this.ended) return this.discard();
    for (const f of FIELDS) this.commit(f);
    if (this.touched && !this.empty) await this.save();
    else if (this.draft && this.empty) await app.erase({ id: this.boxId, token: this.token }, this.draft).catch(() => undefined);
    if (this.saved === 'failed') app.errorToast(t('compose.notsaved'));
  }

  /** The draft goes; until nobody can take that back it stays on the server. */
  discard(): void {
    clearTimeout(this.timer);
    this.over = true;
    const gone = (): void => {
      store.keepTyped(this.boxId, this.draft, '', {});
      if (this.draft && !this.ended) void app.erase({ id: this.boxId, token: this.token }, this.draft).catch(() => undefined);
    };
    if (this.empty) return gone();
    app.toast(t('compose.discarded'), { act: { label: t('compose.undo.discard'), run: () => { this.over = this.ended; app.composing = this; }, undoes: true }, gone, ms: 5_000 });
  }
}

const wrote = (m: Message): string => t('compose.wrote', { name: m.from.name || m.from.address, time: long(m.date || m.received_at, language()) });

function forwarded(m: Message): string {
  const lines = [[t('compose.from'), shown(m.from)], [t('compose.date'), long(m.date || m.received_at, language())], [t('compose.subject'), m.subject], [t('compose.to'), m.to.map(shown).join(', ')]];
  return [`---------- ${t('compose.forwarded')} ----------`, ...lines.map(([k, v]) => `${k}: ${v}`), ''].join('\n');
}
