// What the journeys share: a mayfly of their own on free ports, a sender of mail, and a browser that writes down every
// request, dialog and complaint. Everything started here is ended by its pid.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = process.env.MAYFLY ?? join(ROOT, 'build/mayfly');
const { chromium } = createRequire(join(ROOT, 'web/package.json'))('playwright-core');
const AXE = join(ROOT, 'web/node_modules/axe-core/axe.min.js');
export const DATA = process.env.MAYFLY_TESTDATA ?? join(ROOT, '../shared/testdata');
export const DIST = join(ROOT, 'web/dist');
const SHOTS = join(ROOT, 'test-output/page');
mkdirSync(SHOTS, { recursive: true });

const LISTEN = ['smtp.listen', 'submission.listen', 'submissions.listen', 'pop3.listen', 'pop3s.listen', 'imap.listen', 'imaps.listen', 'http.listen', 'https.listen', 'metrics.listen'];
const MUCH = ['trust.prior=none', 'limits.mx_per_network=100000', 'limits.http_per_network=100000', 'limits.live_per_network=100000', 'limits.create_per_network=1000000', 'limits.requests_per_network=1000000', 'store.reserve=0'];

export async function serve(...options) {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-e2e-'));
  const data = join(folder, 'data');
  const all = [`server.data_dir=${data}`, ...LISTEN.map((k) => `${k}=127.0.0.1:0`), ...MUCH, ...options];
  let log = '';
  let child, ready;
  const start = async () => {
    rmSync(join(data, 'run/ready.json'), { force: true });
    child = spawn(BINARY, ['serve', ...all.flatMap((o) => ['-o', o])], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const s of [child.stdout, child.stderr]) s.on('data', (d) => (log += d));
    for (let i = 0; !existsSync(join(data, 'run/ready.json')); i++) {
      if (child.exitCode !== null || i > 2000) throw new Error(`mayfly did not start:\n${log.slice(-3000)}`);
      await sleep(10);
    }
    ready = JSON.parse(readFileSync(join(data, 'run/ready.json'), 'utf8'));
  };
  const stop = async (signal = 'SIGKILL') => {
    if (child.exitCode !== null) return;
    const gone = new Promise((r) => child.once('exit', r));
    child.kill(signal);
    await gone;
  };
  await start();
  return {
    get base() { return `http://${ready['http.listen'][0]}/`; },
    get log() { return log; },
    port: (key) => Number(ready[key][0].split(':').pop()),
    send: (to, mail, way) => smtp(Number(ready['smtp.listen'][0].split(':').pop()), to, mail, way),
    halt: stop,
    /** Up again, on the ports it had. */
    async again() {
      for (const k of LISTEN) if (ready[k]?.[0]) all.push(`${k}=${ready[k][0]}`);
      await start();
    },
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Sends one mail; answers when its 250 came. client: from that address (XCLIENT). */
function smtp(port, to, mail, { from = 'sender@sender.example', client } = {}) {
  const text = mail.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..');
  const lines = [...(client ? [`XCLIENT ADDR=${client}`] : []), 'EHLO sender.example', `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA', `${text}\r\n.`, 'QUIT'];
  return new Promise((resolve, reject) => {
    const s = connect(port, '127.0.0.1');
    let got = '';
    s.setTimeout(15_000, () => s.destroy(new Error('smtp: no answer')));
    s.on('error', reject);
    s.on('data', (d) => {
      got += d;
      if (!/(^|\n)\d{3} [^\n]*\r\n$/.test(got)) return;
      const code = Number(/(\d{3}) [^\n]*\r\n$/.exec(got)[1]);
      if (code >= 400) return reject(new Error(got)), s.destroy();
      if (lines.length === 1) resolve(Date.now());
      got = '';
      s.write(`${lines.shift() ?? ''}\r\n`);
      if (lines.length === 0) s.end();
    });
  });
}

/** Another mail server, which keeps what it is sent. `answers` says what it answers to a recipient whose address begins
 *  so, if not that it takes it. */
export async function sink(answers = {}) {
  const mails = [];
  const server = createServer((s) => {
    let got = '', data = null, to = [], from = '';
    const say = (line) => s.write(`${line}\r\n`);
    say('220 far.example ESMTP');
    s.on('error', () => s.destroy());
    s.on('data', (d) => {
      got += d.toString('latin1');
      for (let end; (end = got.indexOf(data === null ? '\r\n' : '\r\n.\r\n')) >= 0; ) {
        const line = got.slice(0, end);
        got = got.slice(end + (data === null ? 2 : 5));
        if (data !== null) {
          mails.push({ from, to, text: Buffer.from(line.replace(/^\.\./gm, '.'), 'latin1').toString() });
          data = null;
          say('250 2.0.0 taken');
        } else if (/^(EHLO|HELO)/i.test(line)) say('250 far.example');
        else if (/^MAIL FROM:<(.*?)>/i.test(line)) [from, to] = [/<(.*?)>/.exec(line)[1], []], say('250 2.1.0 ok');
        else if (/^RCPT TO:/i.test(line)) {
          const address = /<(.*?)>/.exec(line)[1];
          const said = Object.entries(answers).find(([begins]) => address.startsWith(begins))?.[1];
          if (!said) to.push(address);
          say(said ?? '250 2.1.5 ok');
        } else if (/^DATA/i.test(line)) to.length ? ((data = ''), say('354 go on')) : say('554 5.5.1 nobody');
        else if (/^QUIT/i.test(line)) say('221 2.0.0 bye'), s.end();
        else say(/^(RSET|NOOP)/i.test(line) ? '250 2.0.0 ok' : '502 5.5.1 what');
      }
    });
  });
  await new Promise((go) => server.listen(0, '127.0.0.1', go));
  return {
    mails,
    options: ['smtp_out.relay_host=127.0.0.1', `smtp_out.relay_port=${server.address().port}`, 'smtp_out.allow_private=true'],
    close: () => new Promise((go) => (server.close(go), server.closeAllConnections?.(), go())),
  };
}

/** A mail from parts: {from, subject, text, html, files: [{name, type, body, cid}]}. */
export function mail(p) {
  const b64 = (x) => Buffer.from(x).toString('base64').replace(/.{76}/g, '$&\r\n');
  const part = (type, body, more = '') => `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${more}\r\n${b64(body)}\r\n`;
  const multi = (kind, b, parts) => `Content-Type: multipart/${kind}; boundary=${b}\r\n\r\n${parts.map((x) => `--${b}\r\n${x}`).join('')}--${b}--\r\n`;
  const word = (s) => (/^[\x20-\x7e]*$/.test(s) ? s : `=?utf-8?B?${Buffer.from(s).toString('base64')}?=`);
  const bodies = [part('text/plain; charset=utf-8', p.text ?? '')];
  if (p.html !== undefined) bodies.push(part('text/html; charset=utf-8', p.html));
  let body = bodies.length > 1 ? multi('alternative', 'alt', bodies) : bodies[0];
  const file = (f) => part(f.type, f.body, f.cid ? `Content-ID: <${f.cid}>\r\nContent-Disposition: inline\r\n` : `Content-Disposition: attachment; filename="${f.name}"\r\n`);
  const inline = (p.files ?? []).filter((f) => f.cid), rest = (p.files ?? []).filter((f) => !f.cid);
  if (inline.length) body = multi('related', 'rel', [body, ...inline.map(file)]);
  if (rest.length) body = multi('mixed', 'mix', [body, ...rest.map(file)]);
  const [, name, address] = /^(.*?)\s*<(.*)>$/.exec(p.from ?? 'Example <no-reply@example.com>') ?? ['', '', p.from];
  return `From: ${word(name)} <${address}>\r\nTo: you\r\nSubject: ${word(p.subject ?? 'Hello')}\r\nMessage-ID: <${Math.random().toString(36).slice(2)}@sender.example>\r\nDate: ${new Date().toUTCString().replace('GMT', '+0000')}\r\nMIME-Version: 1.0\r\n${body}`;
}

/** A DNS server for {name: text or [texts]}; null without the test data that has it. `close` ends it. */
export async function dns(records) {
  if (!existsSync(join(DATA, 'tools/testdns.py'))) return null;
  const child = spawn('python3', [join(ROOT, 'tests/trust/zone.py'), JSON.stringify(records)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const address = await new Promise((tell, fail) => {
    child.stdout.once('data', (d) => tell(String(d).trim()));
    child.once('exit', () => fail(new Error('no DNS server')));
  });
  return { address, close: () => child.stdin.end() };
}

/** A signer of a domain (RFC 8463): its record's text, and what puts a signature on a mail. */
export function signer(domain, selector) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const record = `v=DKIM1; k=ed25519; p=${publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`;
  const hash = (s) => createHash('sha256').update(s).digest();
  const sign = (mail) => {
    const cut = mail.indexOf('\r\n\r\n');
    const from = /^From:.*\r\n/m.exec(mail.slice(0, cut + 2))[0];
    const body = `${mail.slice(cut + 4).replace(/(\r\n)+$/, '')}\r\n`;
    const field = `DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=${domain}; s=${selector}; h=from; bh=${hash(body).toString('base64')}; b=`;
    return `${field}${signWith(null, hash(from + field), privateKey).toString('base64')}\r\n${mail}`;
  };
  return { name: `${selector}._domainkey.${domain}`, record, sign };
}

let browser;
export const launch = async () =>
  (browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps', '--no-first-run',
      '--disable-features=IsolateSandboxedIframes'], /* a process for each mail's frame is a second on a small machine */
  }));
export const closeBrowser = async () => void (await browser?.close(), (browser = undefined));

export const WIDE = { width: 1280, height: 860 }, NARROW = { width: 320, height: 640 };

/** A reader with a browser profile of their own. `seen` is what went wrong or out: it should stay empty. */
export async function reader(server, { size = WIDE, theme = 'light', lang = 'en', js = true, ...more } = {}) {
  const context = await (await launch()).newContext({
    viewport: size, colorScheme: theme, locale: lang, javaScriptEnabled: js, acceptDownloads: true, reducedMotion: 'reduce',
    hasTouch: size.width < 700, permissions: ['clipboard-read', 'clipboard-write'], ...more,
  });
  const page = await context.newPage();
  const seen = { foreign: [], dialogs: [], errors: [], requests: [] };
  context.on('request', (r) => {
    seen.requests.push(r.url());
    if (!r.url().startsWith(server.base) && !/^(data|blob|about):/.test(r.url())) seen.foreign.push(r.url());
  });
  page.on('dialog', (d) => (seen.dialogs.push(d.message()), d.dismiss()));
  page.on('pageerror', (e) => seen.errors.push(e.message));
  context.on('page', (p) => p !== page && seen.foreign.push(`window ${p.url()}`));
  const address = page.locator('[data-testid=address]');
  return {
    context, page, seen,
    async open() {
      await page.goto(server.base);
      await address.waitFor();
      return (await address.textContent()).trim();
    },
    address: async () => (await address.textContent()).trim(),
    live: () => page.locator('.pill.live').waitFor(),
    row: (text) => page.locator('button.subject', { hasText: text }),
    clipboard: () => page.evaluate(() => navigator.clipboard.readText()),
    /** Opens a panel from the head of the page, wherever its button is at this width. */
    async panel(name) {
      const wide = page.locator('nav.wide button', { hasText: name });
      if (await wide.isVisible()) return wide.click();
      await page.locator('button.narrow').click();
      await page.locator('.menu button', { hasText: name }).click();
    },
    async shot(name, as = theme) {
      await page.waitForTimeout(120);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      await page.screenshot({ path: join(SHOTS, `${name}-${size.width}-${as}${lang === 'en' ? '' : `-${lang}`}.png`), animations: 'disabled' });
      if (over > 0) throw new Error(`${name}: wider than the window by ${over} px`);
    },
    close: () => context.close(),
  };
}
/** Nothing that axe knows of is wrong with what is on screen. Needs a reader with bypassCSP. */
export async function axe(r, name) {
  await r.page.evaluate(readFileSync(AXE, 'utf8'));
  const found = await r.page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags }, iframes: false });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  });
  assert.deepEqual(found, [], name);
}
export { sleep };
