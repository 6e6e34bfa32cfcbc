// A stand-in for the server, for looking at the page while it is built and for its tests: the routes of DESIGN section 8
// over a handful of mails in memory, and the headers that the real one will send. Not a mail server.
//   node dev/mock.mjs [port]      then open http://127.0.0.1:PORT/
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { samples } from './samples.mjs';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const VIEW_CSP = (images) =>
  `sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:${images ? ' http: https:' : ''}; form-action 'none'; base-uri 'none'; frame-ancestors 'self'`;
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2', '.webmanifest': 'application/manifest+json', '.txt': 'text/plain' };
const WORDS = 'amber river stone velvet harbor quiet lantern meadow copper willow ember saddle'.split(' ');
const NAMES = ['quiet-otter', 'amber-wren', 'still-heron', 'mossy-finch'];
const id = () => randomBytes(16).toString('hex');
const iso = (ms) => new Date(ms).toISOString();

export function mock(opts = {}) {
  const boxes = new Map(); // token → box
  const tickets = new Map();
  const sockets = new Set();
  const flags = { socket: true, sse: true, down: false, ttl: 3600, testMail: true, ...opts };

  const view = (b) => ({
    id: b.id, address: b.address, created_at: iso(b.created), expires_at: iso(b.expires), idle_ttl: b.idle, ends_after: b.after, received: b.mail.length,
    guessable: b.guessable, now: iso(Date.now()), quota: { messages: b.mail.length, max_messages: b.max ?? 500, bytes: 1, max_bytes: 1e8 },
    folders: ['INBOX', 'Junk'].map((name) => ({ name, total: b.mail.filter((m) => m.folder === name).length, unseen: b.mail.filter((m) => m.folder === name && !m.seen).length })),
  });
  const item = ({ text, raw, htmlText, files, ...m }) => m;
  function make(want = {}) {
    const token = `mf1_${randomBytes(32).toString('base64url')}`;
    const now = Date.now();
    const local = want.local ?? `${NAMES[boxes.size % NAMES.length]}-${randomBytes(4).toString('hex').slice(0, 6)}`;
    const b = {
      id: id(), token, address: `${local}@${want.domain ?? 'mayfly.localhost'}`, created: now, expires: now + (Number(want.ttl) || flags.ttl) * 1000,
      idle: want.idle_ttl ?? 0, after: want.ends_after ?? 0, guessable: !!want.local, mail: [], uid: 0, recovery: WORDS.join(' '),
      keys: [{ id: '1', kind: 'token', created_at: iso(now), current: true }, { id: '2', kind: 'recovery', created_at: iso(now), current: false }],
    };
    boxes.set(token, b);
    return b;
  }
  const tell = (b, e) => {
    for (const s of sockets) if (s.boxes.has(b.id)) s.send({ mailbox: b.id, ...e });
  };
  function deliver(b, m) {
    const full = { id: id(), uid: ++b.uid, folder: 'INBOX', to: [{ name: '', address: b.address }], cc: [], reply_to: [], received_at: iso(Date.now() - (m.ago ?? 0)), date: iso(Date.now()), size: 4000, seen: false, flagged: false, junk: false, code: null, codes: [], links: [], html: false, attachments: [], auth: { spf: 'pass', dkim: 'pass', dmarc: 'pass', arc: 'none' }, verdict: { score: 0.1, symbols: [] }, defects: [], ...m };
    b.mail.unshift(full);
    tell(b, { type: 'message.new', message: item(full) });
    return full;
  }

  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://x');
    const send = (status, body, headers = {}) => {
      const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', ...headers });
      res.end(text);
    };
    const problem = (status, code, more = {}) => send(status, { type: 'about:blank', title: code, status, code, ...more }, { 'Content-Type': 'application/problem+json' });
    if (!url.pathname.startsWith('/api/')) return asset(url, res, send);
    if (flags.down) return req.socket.destroy();
    let body = '';
    for await (const c of req) body += c;
    body = body ? JSON.parse(body) : {};
    const path = url.pathname.slice('/api/v1'.length);
    if (path === '/domains') return send(200, { domains: [{ domain: 'mayfly.localhost', default: true }, { domain: 'dusk.test', default: false }], limits: { default_ttl: flags.ttl, min_ttl: 600, max_ttl: 604800, max_messages: 500, message_max_bytes: 26214400 }, pow: flags.pow ? { bits: flags.pow } : null, version: '0.1.0', features: flags.testMail ? ['test_mail'] : [], services: flags.services ? { imap: { host: 'mayfly.localhost', port: 2993, tls: 'tls' }, pop3: { host: 'mayfly.localhost', port: 2995, tls: 'tls' }, smtp: { host: 'mayfly.localhost', port: 2465, tls: 'tls' } } : {} });
    if (path === '/pow') return send(200, { challenge: 'abc', bits: flags.pow });
    if (path === '/mailboxes') {
      if (flags.limited) return send(429, { code: 'rate_limited', status: 429 }, { 'Retry-After': '42', 'Content-Type': 'application/problem+json' });
      if (flags.pow) {
        const hash = body.pow ? createHash('sha256').update(`${body.pow.challenge}:${body.pow.nonce}`).digest() : null;
        if (!hash || hash.readUInt32BE(0) >>> (32 - flags.pow) !== 0) return problem(428, 'pow_required', { challenge: 'abc' });
      }
      if (body.local === 'admin') return problem(409, 'address_taken');
      const b = make(body);
      return send(201, { ...view(b), token: b.token, recovery: b.recovery });
    }
    if (path === '/session') {
      const b = [...boxes.values()].find((x) => (body.recovery ? body.recovery === x.recovery : x.address === body.address && true) && (body.recovery === x.recovery || (x.password && body.password === x.password)));
      if (!b) return problem(401, 'bad_secret');
      const token = `mf1_${randomBytes(32).toString('base64url')}`;
      boxes.set(token, b);
      return send(200, { token, mailbox: view(b) });
    }
    const token = (req.headers.authorization ?? '').replace('Bearer ', '');
    const b = boxes.get(token);
    if (!b || b.expires < Date.now()) return problem(401, 'bad_token');
    const [, , kind, mid, what, n] = path.split('/');
    if (!kind) {
      if (req.method === 'DELETE') {
        tell(b, { type: 'mailbox.ended' });
        for (const [k, v] of boxes) if (v === b) boxes.delete(k);
        return send(200, { ended_at: iso(Date.now()), messages: b.mail.length });
      }
      if (req.method === 'PATCH') {
        if (body.ttl) b.expires = Date.now() + body.ttl * 1000;
        if (body.expires_at) b.expires = Date.parse(body.expires_at);
        tell(b, { type: 'mailbox.changed', expires_at: iso(b.expires) });
      }
      return send(200, view(b));
    }
    if (kind === 'credentials') {
      if (req.method === 'POST') {
        if (body.kind === 'password') b.password = body.password;
        b.keys.push({ id: String(b.keys.length + 1), kind: body.kind, created_at: iso(Date.now()), current: false });
        return send(201, { secret: body.kind === 'recovery' ? (b.recovery = [...WORDS].reverse().join(' ')) : '' });
      }
      if (req.method === 'DELETE') b.keys = b.keys.filter((k) => k.id !== mid);
      return send(200, { credentials: b.keys });
    }
    if (kind === 'test') return deliver(b, samples[0]), send(202, {});
    if (kind === 'events') {
      if (!flags.sse) return problem(503, 'no_sse');
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      const s = { boxes: new Set([b.id]), send: (e) => res.write(`data: ${JSON.stringify(e)}\n\n`) };
      sockets.add(s);
      req.on('close', () => sockets.delete(s));
      return res.write(': hello\n\n');
    }
    if (kind === 'wait') {
      const since = Number(url.searchParams.get('since'));
      const ready = () => [...b.mail].reverse().find((m) => m.uid > since);
      for (let i = 0; i < 250 && !ready(); i++) await new Promise((r) => setTimeout(r, 100));
      return ready() ? send(200, item(ready())) : (res.writeHead(204), res.end());
    }
    if (!mid) {
      const folder = url.searchParams.get('folder') ?? 'INBOX';
      const q = (url.searchParams.get('q') ?? '').toLowerCase();
      const limit = Number(url.searchParams.get('limit') ?? 50);
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const all = b.mail.filter((m) => m.folder === folder && (!q || `${m.subject} ${m.from.name} ${m.intro}`.toLowerCase().includes(q)));
      const messages = all.slice(from, from + limit).map(item);
      return send(200, { messages, next_cursor: from + limit < all.length ? String(from + limit) : null });
    }
    const m = b.mail.find((x) => x.id === mid);
    if (!m) return problem(404, 'no_message');
    if (what === 'raw') return send(200, m.raw ?? `Received: from mx.example.com by mayfly.localhost with ESMTPS;\r\n\tSun, 22 Nov 2026 04:12:10 +0000\r\nFrom: ${m.from.name} <${m.from.address}>\r\nTo: ${b.address}\r\nSubject: ${m.subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${m.text}\r\n`, { 'Content-Type': 'message/rfc822' });
    if (what === 'html' && req.method === 'POST') {
      const t = randomBytes(16).toString('base64url');
      tickets.set(t, body);
      return send(200, { url: `/view/${t}`, expires_in: 10 });
    }
    if (what === 'html') return send(200, m.htmlText ?? '', { 'Content-Type': 'text/plain; charset=utf-8' });
    if (what === 'attachments') return send(200, m.files?.[n] ?? Buffer.from('file'), { 'Content-Type': 'application/octet-stream' });
    if (what === 'verdict') {
      m.folder = body.spam ? 'Junk' : 'INBOX';
      tell(b, { type: 'message.changed', id: m.id, folder: m.folder });
      return send(200, {});
    }
    if (req.method === 'PATCH') {
      Object.assign(m, body);
      tell(b, { type: 'message.changed', id: m.id, ...body });
      return send(200, item(m));
    }
    if (req.method === 'DELETE') {
      b.mail = b.mail.filter((x) => x !== m);
      tell(b, { type: 'message.deleted', id: m.id });
      res.writeHead(204);
      return res.end();
    }
    const { raw, htmlText, files, ...whole } = m;
    send(200, whole);
  });

  function asset(url, res, send) {
    if (url.pathname.startsWith('/view/')) {
      const t = tickets.get(url.pathname.slice(6));
      tickets.delete(url.pathname.slice(6));
      return t ? send(200, t.html, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': VIEW_CSP(t.images) }) : send(404, 'gone');
    }
    const file = join(DIST, normalize(url.pathname === '/' ? '/index.html' : url.pathname));
    if (!file.startsWith(DIST) || !existsSync(file)) return send(404, 'none', { 'Content-Type': 'text/plain' });
    send(200, readFileSync(file), { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP, 'Cross-Origin-Opener-Policy': 'same-origin' });
  }

  server.on('upgrade', (req, socket) => {
    if (flags.down || !flags.socket) return socket.destroy();
    const key = createHash('sha1').update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
    const s = {
      boxes: new Set(), socket,
      send(e) {
        const data = Buffer.from(JSON.stringify(e));
        const head = data.length < 126 ? Buffer.from([0x81, data.length]) : Buffer.from([0x81, 126, data.length >> 8, data.length & 255]);
        socket.write(Buffer.concat([head, data]));
      },
    };
    sockets.add(s);
    socket.on('close', () => sockets.delete(s));
    socket.on('error', () => sockets.delete(s));
    socket.on('data', (d) => {
      for (let at = 0; at + 6 <= d.length; ) {
        const long = (d[at + 1] & 127) === 126;
        const n = long ? d.readUInt16BE(at + 2) : d[at + 1] & 127;
        const body = at + (long ? 8 : 6);
        const mask = d.subarray(body - 4, body);
        const text = Buffer.from(d.subarray(body, body + n).map((c, i) => c ^ mask[i % 4])).toString();
        if ((d[at] & 15) === 8) return socket.end();
        at = body + n;
        const b = boxes.get(JSON.parse(text).auth);
        if (!b) { s.send({ type: 'error', code: 'bad_token' }); continue; }
        s.boxes.add(b.id);
        s.send({ type: 'ready', mailbox: b.id, expires_at: iso(b.expires) });
      }
    });
  });
  const cut = () => { for (const s of sockets) s.socket?.destroy(); };
  return { server, boxes, flags, deliver, tell, cut, make, samples };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const m = mock();
  m.server.listen(Number(process.argv[2] ?? 8125), '127.0.0.1', () => console.log(`http://127.0.0.1:${m.server.address().port}/`));
}
