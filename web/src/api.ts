// The only fetch of the page: one function a route, each answer checked by shape.ts. A token goes into the
// Authorization header and nowhere else. Every failure is an ApiError that says what happened.
import * as shape from './shape';
import { solve } from './pow';

const ROOT = '/api/v1';
const PATIENCE_MS = 20_000;
const KEPT_ALIVE_MAX = 30_000; /* bytes: all that outlives a page at once shares 64 KiB (Fetch, section 4.6), and two drafts may be on their way */

export class ApiError extends Error {
  constructor(
    /** 0 when there was no answer at all. */
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retryAfterS = 0,
    readonly challenge = '',
  ) {
    super(code || String(status));
  }
  get offline(): boolean {
    return this.status === 0;
  }
}

interface Call {
  method?: string;
  token?: string;
  body?: unknown;
  signal?: AbortSignal;
  accept?: string;
  headers?: Record<string, string>;
  patienceMs?: number;
  /** Arrives also when the page goes meanwhile. */
  keepalive?: boolean;
}

async function problem(answer: Response): Promise<ApiError> {
  const o = await answer.json().then(shape.rec).catch((): Record<string, unknown> => ({}));
  const text = (k: string): string => (typeof o[k] === 'string' ? (o[k] as string) : '');
  const wait = Number(answer.headers.get('Retry-After'));
  return new ApiError(answer.status, text('code'), text('detail') || text('title'), Number.isFinite(wait) ? wait : 0, text('challenge'));
}

async function ask(path: string, call: Call = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: call.accept ?? 'application/json', ...call.headers };
  if (call.token) headers['Authorization'] = `Bearer ${call.token}`;
  if (call.body !== undefined) headers['Content-Type'] = 'application/json';
  const init: RequestInit = { method: call.method ?? 'GET', headers, cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' };
  if (call.body !== undefined) init.body = JSON.stringify(call.body);
  if (call.keepalive ?? (call.method === 'DELETE' || call.method === 'PATCH')) init.keepalive = true;
  init.signal = call.signal ?? AbortSignal.timeout(call.patienceMs ?? PATIENCE_MS);
  const answer = await fetch(ROOT + path, init).catch((e: unknown) => {
    if (call.signal?.aborted) throw e;
    throw new ApiError(0, 'offline', '');
  });
  if (!answer.ok) throw await problem(answer);
  return answer;
}

async function json<T>(check: (v: unknown) => T, path: string, call: Call = {}): Promise<T> {
  const answer = await ask(path, call);
  try {
    return check(await answer.json());
  } catch (e) {
    throw new ApiError(answer.status, 'bad_answer', e instanceof Error ? e.message : '');
  }
}

const done = async (path: string, call: Call): Promise<void> => void (await ask(path, call));
const msg = (id: string): string => `/mailbox/messages/${encodeURIComponent(id)}`;

export interface Wanted {
  local?: string; domain?: string; ttl?: number; idle_ttl?: number; ends_after?: number; password?: string;
}

/** Makes a box; where the server asks for work first, does it and asks again. */
export async function create(want: Wanted): Promise<shape.NewBox> {
  const post = (body: unknown) => json(shape.newBox, '/mailboxes', { method: 'POST', body });
  try {
    return await post(want);
  } catch (e) {
    if (!(e instanceof ApiError) || (e.status !== 428 && e.code !== 'pow_required')) throw e;
    const task = await json(shape.rec, '/pow');
    const challenge = String(task['challenge'] ?? '');
    const nonce = await solve(challenge, Number(task['bits']));
    return post({ ...want, pow: { challenge, nonce } });
  }
}

export const site = () => json(shape.site, '/domains');
export const session = (address: string, /* may be empty beside recovery words */ secret: { password: string } | { recovery: string }) =>
  json(shape.newBox, '/session', { method: 'POST', body: address ? { address, ...secret } : secret });
export const box = (token: string) => json(shape.boxInfo, '/mailbox', { token });
export const change = (token: string, body: { ttl?: number; expires_at?: string; idle_ttl?: number; ends_after?: number; password?: string; /** Empty: no more. */ forward?: string }) =>
  json(shape.boxInfo, '/mailbox', { method: 'PATCH', token, body });

/** Ends the box; answers how many mails went with it. */
export const burn = (token: string) =>
  json((v) => ({ ended_at: shape.time(shape.rec(v)['ended_at']), messages: Number(shape.rec(v)['messages']) || 0 }), '/mailbox', { method: 'DELETE', token });

export const trace = (token: string) => json(shape.attempts, '/mailbox/trace', { token });
export const credentials = (token: string) => json(shape.credentials, '/mailbox/credentials', { token });
export const credentialNew = (token: string, kind: 'token' | 'recovery' | 'password', password?: string) =>
  json((v) => String(shape.rec(v)['secret'] ?? shape.rec(v)[kind] ?? ''), '/mailbox/credentials', {
    method: 'POST', token, body: password ? { kind, password } : { kind },
  });
export const credentialDrop = (token: string, id: string) =>
  done(`/mailbox/credentials/${encodeURIComponent(id)}`, { method: 'DELETE', token });

export function messages(token: string, q: { folder?: string; cursor?: string; limit?: number; q?: string }): Promise<shape.Page> {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(q)) if (v) p.set(k, String(v));
  return json(shape.page, `/mailbox/messages?${p}`, { token });
}
export const message = (token: string, id: string) => json(shape.message, msg(id), { token });
export const mark = (token: string, id: string, body: { seen?: boolean; flagged?: boolean; folder?: string }) =>
  done(msg(id), { method: 'PATCH', token, body });
export const remove = (token: string, id: string) => done(msg(id), { method: 'DELETE', token });
export const verdict = (token: string, id: string, spam: boolean) =>
  done(`${msg(id)}/verdict`, { method: 'POST', token, body: { spam } });

const LONG_MS = 300_000; /* 25 MiB over a slow line */
export const raw = async (token: string, id: string): Promise<Blob> =>
  (await ask(`${msg(id)}/raw`, { token, accept: '*/*', patienceMs: LONG_MS })).blob();
export const html = async (token: string, id: string): Promise<string> =>
  (await ask(`${msg(id)}/html`, { token, accept: 'text/plain, */*' })).text();
export const attachment = async (token: string, id: string, n: number): Promise<Blob> =>
  (await ask(`${msg(id)}/attachments/${n}`, { token, accept: '*/*', patienceMs: LONG_MS })).blob();

/** The first bytes of a mail's source, as one character each; the rest is not fetched. */
export async function rawHead(token: string, id: string, max: number): Promise<{ text: string; whole: boolean }> {
  const reader = (await ask(`${msg(id)}/raw`, { token, accept: '*/*' })).body!.getReader();
  const parts: Uint8Array[] = [];
  let n = 0;
  for (;;) {
    const { done: end, value } = await reader.read();
    if (end) break;
    parts.push(value);
    n += value.length;
    if (n <= max) continue;
    void reader.cancel();
    break;
  }
  const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  return { text: new TextDecoder().decode(bytes.subarray(0, max)), whole: n <= max };
}

/** Hands cleaned HTML over and gets the address of a frame for it: once, within ten seconds, without the token. */
export async function ticket(token: string, id: string, clean: string, images: boolean): Promise<string> {
  const o = await json(shape.rec, `${msg(id)}/html`, { method: 'POST', token, body: { html: clean, images } });
  const url = String(o['url'] ?? '');
  if (!/^\/view\/[\w.~-]+$/.test(url)) throw new ApiError(200, 'bad_answer', 'url');
  return url;
}

/** The event stream of one box (server-sent events, read by hand because EventSource cannot send a token). */
export async function events(token: string, lastId: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const headers: Record<string, string> = lastId ? { 'Last-Event-ID': lastId } : {};
  return (await ask('/mailbox/events', { token, signal, accept: 'text/event-stream', headers })).body!;
}

/** Holds the line until a mail newer than the uid is there; null when the time is up. */
export async function wait(token: string, since: number, signal: AbortSignal): Promise<shape.Item | null> {
  const answer = await ask(`/mailbox/wait?since=${since}&timeout=25`, { token, signal });
  return answer.status === 204 ? null : shape.item(await answer.json());
}

export interface Written {
  to: shape.Person[]; cc: shape.Person[]; bcc: shape.Person[]; subject: string; text: string; html?: string; in_reply_to?: string;
  attachments: (shape.FileRef | { filename: string; content_type: string; content: string })[];
}
export const begin = (token: string, id: string, as: string) => json(shape.beginning, `${msg(id)}/compose?as=${as}`, { token });
export const outbox = (token: string) => json(shape.outbox, '/mailbox/outbox', { token });
const idOf = (key: string) => (v: unknown): string => String(shape.rec(v)[key] ?? '');

/** Sends JSON and tells how much of it has gone, from 0 to 1: fetch() cannot, so this is the older way. */
function upload(method: string, path: string, token: string, body: unknown, progress: (part: number) => void, key = ''): Promise<unknown> {
  return new Promise((done, fail) => {
    const x = new XMLHttpRequest();
    x.open(method, ROOT + path);
    x.setRequestHeader('Authorization', `Bearer ${token}`);
    x.setRequestHeader('Content-Type', 'application/json');
    if (key) x.setRequestHeader('Idempotency-Key', key);
    x.timeout = LONG_MS;
    x.upload.onprogress = (e) => progress(e.total > 0 ? e.loaded / e.total : 0);
    x.onerror = x.ontimeout = () => fail(new ApiError(0, 'offline', ''));
    x.onload = () => {
      const answer = new Response(x.responseText, { status: x.status === 204 ? 200 : x.status, headers: { 'Retry-After': x.getResponseHeader('Retry-After') ?? '' } });
      if (x.status >= 300) void problem(answer).then(fail);
      else answer.json().then(done, () => fail(new ApiError(x.status, 'bad_answer', '')));
    };
    x.send(JSON.stringify(body));
  });
}

/** Keeps a draft in the place of the one before, a small one also when the page goes meanwhile; answers the new id. */
export async function draft(token: string, before: string, body: Written, progress: (part: number) => void): Promise<string> {
  const method = before ? 'PUT' : 'POST', path = `/mailbox/drafts${before ? `/${encodeURIComponent(before)}` : ''}`;
  const small = new Blob([JSON.stringify(body)]).size <= KEPT_ALIVE_MAX;
  return small ? json(idOf('id'), path, { method, token, body, keepalive: true, patienceMs: LONG_MS }) : idOf('id')(await upload(method, path, token, body, progress));
}

/** Sends, once for each key; where the server first wants work done for this box, does it and sends again. */
export async function send(token: string, key: string, body: Written & { undo: number; draft?: string }, progress: (part: number) => void): Promise<{ id: string; message: string; undo_until: number }> {
  const post = async () => {
    const o = shape.rec(await upload('POST', '/mailbox/send', token, body, progress, key));
    return { id: String(o['id'] ?? ''), message: String(o['message'] ?? ''), undo_until: shape.time(o['undo_until']) };
  };
  try {
    return await post();
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 428) throw e;
    const task = await json(shape.rec, '/pow?for=sending');
    const challenge = String(task['challenge'] ?? '');
    await done('/mailbox/send/proof', { method: 'POST', token, body: { challenge, nonce: await solve(challenge, Number(task['bits'])) } });
    return post();
  }
}
/** Takes back what has not left; answers the draft that it is again. */
export const recall = (token: string, id: string) => json(idOf('draft'), `/mailbox/outbox/${encodeURIComponent(id)}`, { method: 'DELETE', token });

export const testMail = (token: string) => done('/mailbox/test', { method: 'POST', token, body: {} });
