// What the server says, as types, and the checks that turn unknown JSON into them. A required field that is missing or
// of another kind makes the whole answer bad; what a later server may leave out has a default. Pure.

export interface Person { name: string; address: string }
export interface Folder { name: string; total: number; unseen: number }
export interface Quota { messages: number; max_messages: number; bytes: number; max_bytes: number }
/** As the mail shows it, and as a form wants it. */
export interface Code { value: string; compact: string; confidence: number; reason: string }
export interface Link { url: string; host: string; text: string; kind: string }
export interface Symbol_ { name: string; score: number; reason: string }
export interface Attachment {
  n: number; filename: string; content_type: string; size: number; sha256: string;
  inline: boolean; content_id: string; dangerous: boolean; verdict: string;
}
export interface Auth { spf: string; dkim: string; dmarc: string; arc: string; domain: string; /** This server wrote the mail itself: no mail from elsewhere says so. */ own: boolean }

export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded' | 'unknown';
/** What a far end says became of mail. Anybody may write one. */
export interface Report {
  envelope_id: string; by: string; more: number;
  recipients: { address: string; original: string; action: Action; status: string; reason: string }[];
}

/** A row of the list; Message is the same with its text. */
export interface Item {
  id: string; uid: number; folder: string; from: Person; subject: string; received_at: number; size: number;
  seen: boolean; flagged: boolean; answered: boolean; junk: boolean; intro: string;
  /** As the mail shows it; codeCopy is what goes to the clipboard. */
  code: string | null; codeCopy: string; files: number; to: Person[];
}
export interface Message extends Item {
  cc: Person[]; reply_to: Person[]; message_id: string; date: number; codes: Code[]; links: Link[];
  /** How many are not in the lists above. */
  left_out: { to: number; cc: number; attachments: number };
  text: string; html: boolean; unsubscribe: Unsubscribe | null; attachments: Attachment[]; auth: Auth; word: string; scan: string; symbols: Symbol_[]; defects: string[];
  report: Report | null;
}
/** What a list names to leave it: a page, or a mail to write. */
export interface Unsubscribe { url: string; mail: { address: string; subject: string; text: string } | null }
/** What the box may send, and to whom. */
export interface Sending { policy: 'off' | 'reply_only' | 'verified' | 'open'; stopped: boolean; max_recipients: number; max_bytes: number }
export type Fate = 'queued' | 'delayed' | 'sent' | 'failed';
/** A mail on its way: message is its copy in Sent. */
export interface Sent {
  id: string; message: string; state: Fate; recallable: boolean; not_before: number; next_try_at: number;
  recipients: { address: string; state: Fate; reason: string }[];
}
export interface FileRef { message: string; n: number }
/** What a mail to be written begins with. */
export interface Beginning {
  to: Person[]; cc: Person[]; bcc: Person[]; subject: string; text: string; html: string; html_left_out: boolean; in_reply_to: string; draft: string;
  /** Whom it could not be sent to, as far as is known before it is written. */
  refused: { address: string; code: string; detail: string } | null;
  attachments: (FileRef & { filename: string; content_type: string; size: number })[];
}
/** Where mail also goes: once whoever reads that address has said yes. */
export interface Forward { to: string; confirmed: boolean }
export interface BoxInfo {
  id: string; address: string; created_at: number; expires_at: number; idle_ttl: number; ends_after: number;
  received: number; guessable: boolean; quota: Quota; folders: Folder[]; sending: Sending; now: number; forward: Forward | null;
}
export interface NewBox { box: BoxInfo; token: string; recovery: string }
export interface Service { name: string; host: string; port: number; tls: string }
export interface Limits { default_ttl: number; min_ttl: number; max_ttl: number; max_messages: number; message_max_bytes: number }
export interface Site {
  domains: { domain: string; default: boolean }[]; limits: Limits; pow_bits: number; version: string;
  services: Service[]; features: string[];
}
export interface Credential { id: string; kind: string; created_at: number; current: boolean }
export interface Page { messages: Item[]; next_cursor: string | null }
export type Outcome = 'inbox' | 'junk' | 'refused' | 'deferred';
/** What a refusal means for who waits, where its words do not say so. */
export const CAUSES = ['greylisted', 'block_list'] as const;
/** An attempt to hand mail in; code and reason as the sender was told, empty when it was taken. */
export interface Attempt { at: number; domain: string; tls: string; result: Outcome; code: string; reason: string; cause: (typeof CAUSES)[number] | '' }

export type LiveEvent =
  | { type: 'ready'; mailbox: string; expires_at: number }
  | { type: 'message.new'; mailbox: string; message: Item }
  | { type: 'message.changed'; mailbox: string; id: string; seen?: boolean; flagged?: boolean; answered?: boolean; folder?: string }
  | { type: 'message.deleted'; mailbox: string; id: string }
  | { type: 'mailbox.changed'; mailbox: string; expires_at?: number; idle_ttl?: number; ends_after?: number }
  | { type: 'mailbox.ended'; mailbox: string }
  | { type: 'resync'; mailbox: string }
  | { type: 'trace'; mailbox: string; attempt: Attempt }
  | { type: 'message.sending'; mailbox: string; sending: Sent }
  | { type: 'denied'; mailbox: string };

export class BadAnswer extends Error {
  override name = 'BadAnswer';
}

type Rec = Record<string, unknown>;
const isRec = (v: unknown): v is Rec => typeof v === 'object' && v !== null && !Array.isArray(v);

export function rec(v: unknown): Rec {
  if (!isRec(v)) throw new BadAnswer('an object was due');
  return v;
}

function must(o: Rec, key: string): string {
  const v = o[key];
  if (typeof v !== 'string' || v === '') throw new BadAnswer(`${key} is missing`);
  return v;
}

const str = (v: unknown): string => (typeof v === 'string' ? v : '');
const num = (v: unknown, or = 0): number => (typeof v === 'number' && Number.isFinite(v) ? v : or);
const bool = (v: unknown): boolean => v === true;
const list = <T>(v: unknown, each: (x: Rec) => T): T[] => (Array.isArray(v) ? v.filter(isRec).map(each) : []);

/** RFC 3339, or a number of seconds or milliseconds, as milliseconds; 0 for what is none of these. */
export function time(v: unknown): number {
  if (typeof v === 'number' && Number.isFinite(v)) return v < 1e11 ? v * 1000 : v;
  const ms = typeof v === 'string' ? Date.parse(v) : NaN;
  return Number.isFinite(ms) ? ms : 0;
}

export const person = (v: unknown): Person =>
  isRec(v) ? { name: str(v['name']), address: str(v['address']) } : { name: '', address: str(v) };
const people = (v: unknown): Person[] => (Array.isArray(v) ? v.map(person) : []);

const code = (c: Rec): Code => ({ value: str(c['value']), compact: str(c['compact']) || str(c['value']).replace(/(?<=\d)[\s-](?=\d)/g, ''), confidence: num(c['confidence']), reason: str(c['reason']) });

export function item(v: unknown): Item {
  const o = rec(v);
  const best = list(o['codes'], code).find((c) => c.value === o['code']) ?? code({ value: o['code'] });
  const files = Array.isArray(o['attachments']) ? attachments(o).filter((a) => !a.inline).length : num(o['attachments']);
  return {
    id: must(o, 'id'), uid: num(o['uid']), folder: str(o['folder']) || 'INBOX', from: person(o['from']),
    subject: str(o['subject']), received_at: time(o['received_at']), size: num(o['size']), seen: bool(o['seen']),
    flagged: bool(o['flagged']), answered: bool(o['answered']), junk: bool(o['junk']), intro: str(o['intro']), code: str(o['code']) || null,
    codeCopy: best.compact, files, to: people(o['to']),
  };
}

const attachment = (a: Rec, i: number): Attachment => ({
  n: num(a['n'], i), filename: str(a['filename']), content_type: str(a['content_type']), size: num(a['size']),
  sha256: str(a['sha256']), inline: bool(a['inline']), content_id: str(a['content_id']).replace(/^<|>$/g, ''),
  dangerous: bool(a['dangerous']) || str(a['dangerous']) !== '', verdict: str(a['verdict']),
});

/* The parts of a report that are for programs: what they say is shown, and they stay in the source. */
const REPORTING = /^(message\/(global-)?delivery-status|message\/global-headers|text\/rfc822-headers)$/i;
const attachments = (o: Rec): Attachment[] =>
  (Array.isArray(o['attachments']) ? o['attachments'].filter(isRec).map(attachment) : []).filter((a) => !isRec(o['report']) || !REPORTING.test(a.content_type));

function auth(v: unknown): Auth {
  const o = isRec(v) ? v : {};
  const word = (x: unknown): string => (isRec(x) ? str(x['result']) : str(x)).toLowerCase();
  const dkim = o['dkim'];
  const domain = str(o['domain']) || (isRec(dkim) ? str(dkim['domain']) : '');
  return { spf: word(o['spf']), dkim: word(dkim), dmarc: word(o['dmarc']), arc: word(o['arc']), domain, own: o['origin'] === 'server' };
}

function unsubscribe(v: unknown): Unsubscribe | null {
  if (!isRec(v)) return null;
  const m = isRec(v['mail']) ? v['mail'] : null;
  const url = /^https:\/\//i.test(str(v['url'])) ? str(v['url']) : '';
  return { url, mail: m && str(m['address']) ? { address: str(m['address']), subject: str(m['subject']), text: str(m['text']) } : null };
}

const FATES = ['queued', 'delayed', 'sent', 'failed'] as const;
const fate = (v: unknown): Fate => FATES.find((f) => f === v) ?? 'queued';

export function sent(v: unknown): Sent {
  const o = rec(v);
  return {
    id: must(o, 'id'), message: str(o['message']), state: fate(o['state']), recallable: bool(o['recallable']),
    not_before: time(o['not_before']), next_try_at: time(o['next_try_at']),
    recipients: list(o['recipients'], (r) => ({ address: str(r['address']), state: fate(r['state']), reason: str(r['reason']) })),
  };
}
export const outbox = (v: unknown): Sent[] => list(rec(v)['outbox'], sent);

export function beginning(v: unknown): Beginning {
  const o = rec(v);
  return {
    to: people(o['to']), cc: people(o['cc']), bcc: people(o['bcc']), subject: str(o['subject']), text: str(o['text']), html: str(o['html']), html_left_out: bool(o['html_left_out']),
    in_reply_to: str(o['in_reply_to']), draft: str(o['draft']),
    refused: isRec(o['refused']) ? { address: str(o['refused']['address']), code: str(o['refused']['code']), detail: str(o['refused']['detail']) } : null,
    attachments: list(o['attachments'], (a) => ({ message: must(a, 'message'), n: num(a['n']), filename: str(a['filename']), content_type: str(a['content_type']), size: num(a['size']) })),
  };
}

const ACTIONS = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] as const;

function report(v: unknown): Report | null {
  if (!isRec(v)) return null;
  const recipients = list(v['recipients'], (r) => ({ address: str(r['address']), original: str(r['original']), action: ACTIONS.find((a) => a === r['action']) ?? 'unknown' as const, status: str(r['status']), reason: str(r['reason']) }));
  return recipients.length > 0 ? { envelope_id: str(v['envelope_id']), by: str(v['reporting_mta']), more: num(v['more']), recipients } : null;
}

export function sending(v: unknown): Sending {
  const o = isRec(v) ? v : {};
  const policy = (['reply_only', 'verified', 'open'] as const).find((p) => p === o['policy']) ?? 'off';
  return { policy, stopped: bool(o['stopped']), max_recipients: num(o['max_recipients']), max_bytes: num(o['max_bytes']) };
}

export function message(v: unknown): Message {
  const o = rec(v);
  const verdict = isRec(o['verdict']) ? o['verdict'] : {};
  const files = attachments(o);
  const left = isRec(o['left_out']) ? o['left_out'] : {};
  const symbols = Array.isArray(verdict['symbols']) ? verdict['symbols'] : [];
  return {
    ...item(v), cc: people(o['cc']), reply_to: people(o['reply_to']),
    left_out: { to: num(left['to']), cc: num(left['cc']), attachments: num(left['attachments']) },
    message_id: str(o['message_id']), date: time(o['date']),
    codes: list(o['codes'], code),
    links: list(o['links'], (l) => ({ url: str(l['url']), host: str(l['host']), text: str(l['text']), kind: str(l['kind']) })),
    text: str(o['text']), html: bool(o['html']), unsubscribe: unsubscribe(o['unsubscribe']), attachments: files, auth: auth(o['auth']), word: str(verdict['word']), scan: str(verdict['scan']),
    symbols: symbols.map((s) => (isRec(s) ? { name: str(s['name']), score: num(s['score']), reason: str(s['reason']) } : { name: str(s), score: 0, reason: '' })),
    defects: Array.isArray(o['defects']) ? o['defects'].map(str).filter(Boolean) : [],
    report: report(o['report']),
  };
}

export function page(v: unknown): Page {
  const o = rec(v);
  if (!Array.isArray(o['messages'])) throw new BadAnswer('messages is missing');
  return { messages: o['messages'].map(item), next_cursor: str(o['next_cursor']) || null };
}

export function boxInfo(v: unknown): BoxInfo {
  const o = rec(v);
  const q = isRec(o['quota']) ? o['quota'] : {};
  const expires_at = time(o['expires_at']);
  if (expires_at === 0) throw new BadAnswer('expires_at is missing');
  return {
    id: must(o, 'id'), address: must(o, 'address'), created_at: time(o['created_at']), expires_at,
    idle_ttl: num(o['idle_ttl']), ends_after: num(o['ends_after']), received: num(o['received']),
    guessable: bool(o['guessable']), now: time(o['now']),
    quota: { messages: num(q['messages']), max_messages: num(q['max_messages']), bytes: num(q['bytes']), max_bytes: num(q['max_bytes']) },
    folders: list(o['folders'], (f) => ({ name: str(f['name']), total: num(f['total']), unseen: num(f['unseen']) })),
    sending: sending(o['sending']),
    forward: isRec(o['forward']) && str(o['forward']['to']) ? { to: str(o['forward']['to']), confirmed: bool(o['forward']['confirmed']) } : null,
  };
}

export function newBox(v: unknown): NewBox {
  const o = rec(v);
  const box = isRec(o['mailbox']) ? o['mailbox'] : o;
  return { box: boxInfo(box), token: must(o, 'token'), recovery: str(o['recovery']) };
}

export function site(v: unknown): Site {
  const o = rec(v);
  const l = isRec(o['limits']) ? o['limits'] : {};
  const pow = isRec(o['pow']) ? o['pow'] : {};
  const domains = list(o['domains'], (d) => ({ domain: must(d, 'domain'), default: bool(d['default']) }));
  if (domains.length === 0) throw new BadAnswer('domains is missing');
  const services = isRec(o['services']) ? Object.entries(o['services']) : [];
  return {
    domains, pow_bits: num(pow['bits']), version: str(o['version']),
    limits: {
      default_ttl: num(l['default_ttl'], 3600), min_ttl: num(l['min_ttl'], 600), max_ttl: num(l['max_ttl'], 604800),
      max_messages: num(l['max_messages']), message_max_bytes: num(l['message_max_bytes']),
    },
    services: services.flatMap(([name, s]) => isRec(s) ? [{ name, host: str(s['host']), port: num(s['port']), tls: str(s['tls']) }] : []),
    features: Array.isArray(o['features']) ? o['features'].map(str) : ['test_mail'],
  };
}

export const credentials = (v: unknown): Credential[] =>
  list(rec(v)['credentials'], (c) => ({ id: String(c['id'] ?? ''), kind: str(c['kind']), created_at: time(c['created_at']), current: bool(c['current']) }));

function attempt(o: Rec): Attempt {
  const result = (['inbox', 'junk', 'refused', 'deferred'] as const).find((r) => r === o['result']) ?? 'refused';
  return { at: time(o['at']), domain: str(o['domain']), tls: str(o['tls']), result, code: str(o['code']), reason: str(o['reason']), cause: CAUSES.find((c) => c === o['cause']) ?? '' };
}

/** Newest first. */
export const attempts = (v: unknown): Attempt[] => list(rec(v)['attempts'], attempt);

/** One frame of the live channel; null for a type that this page does not know, which a later server may send. */
export function liveEvent(v: unknown): LiveEvent | null {
  if (!isRec(v)) return null;
  const mailbox = str(v['mailbox']);
  const id = str(v['id']);
  const flag = (k: 'seen' | 'flagged' | 'answered') => (typeof v[k] === 'boolean' ? { [k]: v[k] as boolean } : {});
  switch (v['type']) {
    case 'ready':
      return { type: 'ready', mailbox, expires_at: time(v['expires_at']) };
    case 'message.new':
      return isRec(v['message']) ? { type: 'message.new', mailbox, message: item(v['message']) } : null;
    case 'message.changed':
      return { type: 'message.changed', mailbox, id, ...flag('seen'), ...flag('flagged'), ...flag('answered'), ...(str(v['folder']) ? { folder: str(v['folder']) } : {}) };
    case 'message.deleted':
      return { type: 'message.deleted', mailbox, id };
    case 'mailbox.changed': {
      const n = (k: 'idle_ttl' | 'ends_after') => (typeof v[k] === 'number' ? { [k]: v[k] as number } : {});
      return { type: 'mailbox.changed', mailbox, ...(time(v['expires_at']) ? { expires_at: time(v['expires_at']) } : {}), ...n('idle_ttl'), ...n('ends_after') };
    }
    case 'mailbox.ended':
      return { type: 'mailbox.ended', mailbox };
    case 'resync':
      return { type: 'resync', mailbox };
    case 'trace':
      return isRec(v['attempt']) ? { type: 'trace', mailbox, attempt: attempt(v['attempt']) } : null;
    case 'message.sending':
      return isRec(v['sending']) ? { type: 'message.sending', mailbox, sending: sent(v['sending']) } : null;
    case 'denied':
    case 'error':
      return { type: 'denied', mailbox };
    default:
      return null;
  }
}
