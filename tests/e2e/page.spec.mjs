// What the page is made of: small, strict, its own host only, readable by everybody, there without a network.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { axe, closeBrowser, DIST, mail, NARROW, reader, serve, WIDE } from './lib.mjs';

let server;
before(async () => void (server = await serve('trust.content=false'))); /* its phishing mail is to be looked at in the inbox */
after(async () => (await closeBrowser(), await server.close()));

const FILE = { name: 'setup.exe', type: 'application/octet-stream', body: Buffer.concat([Buffer.from('MZ'), Buffer.alloc(4000, 7)]) };
const MAILS = [
  { subject: 'Ihre Rechnung für November', from: 'Nordwind <rechnung@nordwind.example>', text: 'Anbei die Rechnung.', files: [{ name: 'Rechnung.pdf', type: 'application/pdf', body: '%PDF-1.4 x' }, FILE] },
  { subject: 'رمز التحقق الخاص بك', from: 'مكتبة النور <info@noor.example>', text: 'رمز التحقق هو 48213' },
  { subject: '週末の予定について', from: '友だち <tomo@example.jp>', text: 'こんにちは。土曜日は晴れるようです。' },
  { subject: 'Sign in to your account now', from: 'PayPaI <alert@paypa1.example>', text: 'Log in', html: '<p>Please <a href="http://xn--paypa-3ve.example/login?token=1">www.paypal.com</a> sign in to your account</p>' },
  { subject: 'Your verification code', text: 'Your verification code is 739204', html: '<p>Your verification code is <b>739204</b></p><img src="https://t.example/open.gif" width=1 height=1>' },
];

for (const [size, theme] of [[WIDE, 'dark'], [NARROW, 'light']])
  test(`axe finds nothing in any state at ${size.width} px, ${theme}`, async () => {
    const r = await reader(server, { size, theme, bypassCSP: true });
    const { page } = r;
    const state = async (name) => (await axe(r, name), await r.shot(name));
    const address = await r.open();
    await r.live();
    await state('waiting');
    for (const m of MAILS) await server.send(address, mail(m));
    await r.row('Rechnung').waitFor();
    await state('list');
    for (const [name, part] of [['code', 'verification'], ['files', 'Rechnung'], ['phishing', 'Sign in']]) {
      await r.row(part).click();
      await page.locator('.tabs').waitFor();
      await page.waitForTimeout(250);
      await state(`read-${name}`);
      if (name === 'files') {
        await page.getByRole('button', { name: /setup\.exe/ }).click();
        await page.getByText('Save it anyway').waitFor();
        await page.getByRole('button', { name: 'Cancel' }).click();
        for (const tab of ['Headers', 'Source']) {
          await page.getByRole('tab', { name: tab }).click();
          await page.getByText('MIME-Version').first().waitFor();
          await state(tab.toLowerCase());
        }
      }
      await page.keyboard.press('Escape');
      await page.locator('#subject').waitFor({ state: 'detached' });
    }
    for (const name of ['My addresses', 'Connect', 'Recovery', 'Privacy', 'Settings']) {
      await r.panel(name);
      await page.locator('dialog .stack, dialog ul').first().waitFor();
      await page.waitForTimeout(150);
      await state(`panel-${name.toLowerCase().replace(' ', '-')}`);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.waitForTimeout(750); /* three quick presses of Esc would be the panic key */
    }
    for (const name of ['Extend', 'New', 'QR']) {
      await page.locator('.acts').getByRole('button', { name, exact: true }).click();
      await page.locator('dialog .stack, dialog svg[role=img]').first().waitFor();
      await state(`panel-${name.toLowerCase()}`);
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    assert.deepEqual(r.seen.foreign, []);
    assert.deepEqual(r.seen.errors, []);
    await r.close();
  });

test('a first visit loads little, from here only, under a strict policy', async () => {
  const r = await reader(server, { size: NARROW });
  const scripts = [];
  r.page.on('response', (x) => /\.js$/.test(new URL(x.url()).pathname) && scripts.push(new URL(x.url()).pathname));
  const answer = await r.page.goto(server.base);
  const policy = answer.headers()['content-security-policy'];
  for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"])
    assert.ok(policy.includes(rule), rule);
  assert.ok(!/unsafe/.test(policy));
  await r.page.locator('[data-testid=address]').waitFor();
  await r.page.waitForTimeout(2500); /* with what an idle moment fetches ahead */
  const gz = (list) => [...new Set(list)].reduce((n, p) => n + statSync(join(DIST, `${p}.gz`)).size, 0);
  const all = gz(scripts);
  console.log(`# NOTE scripts: ${Math.round(all / 1024)} KB gzipped on a first visit`);
  assert.ok(all <= 100 * 1024, `${all} bytes`);
  const asked = (path) => r.seen.requests.filter((u) => new URL(u).pathname === `/api/v1${path}`).length;
  assert.deepEqual([asked('/mailboxes'), asked('/mailbox/messages')], [1, 1], 'nothing is asked for twice');
  const drawn = await r.page.evaluate(() => new Promise((done) => {
    const seen = { moved: 0, largest: '' };
    new PerformanceObserver((l) => { for (const e of l.getEntries()) seen.moved += e.value; }).observe({ type: 'layout-shift', buffered: true });
    new PerformanceObserver((l) => { for (const e of l.getEntries()) seen.largest = e.id; }).observe({ type: 'largest-contentful-paint', buffered: true });
    setTimeout(() => done(seen), 100);
  }));
  assert.equal(drawn.largest, 'boot', 'the first words are the largest picture: nothing larger comes late');
  assert.ok(drawn.moved < 0.02, `what is shown moves by ${drawn.moved}`);
  assert.deepEqual(r.seen.foreign, []);
  assert.deepEqual(r.seen.errors, []);
  await r.close();
});

test('every text asset lies compressed beside itself', () => {
  const walk = (d) => readdirSync(d, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(d, e.name)) : [join(d, e.name)]));
  const text = walk(DIST).filter((f) => /\.(js|css|html|svg|webmanifest|txt)$/.test(f));
  assert.ok(text.length > 10);
  for (const f of text) assert.deepEqual(gunzipSync(readFileSync(`${f}.gz`)), readFileSync(f), f);
});

test('no mail and no token in any cache, and the shell opens offline', async () => {
  const r = await reader(server);
  const address = await r.open();
  await r.live();
  await r.context.setOffline(true);
  await r.page.getByRole('heading', { name: 'Not connected' }).waitFor();
  await r.shot('offline-empty');
  await r.context.setOffline(false);
  await r.live();
  await server.send(address, mail(MAILS[4]));
  await r.row('verification').click();
  await r.page.frameLocator('iframe').locator('b').waitFor();
  await r.page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated');
  const kept = await r.page.evaluate(async () => {
    const out = [];
    for (const k of await caches.keys()) for (const q of await (await caches.open(k)).keys()) out.push(new URL(q.url).pathname);
    return out;
  });
  assert.ok(kept.includes('/') && kept.some((k) => k.endsWith('.js')));
  assert.deepEqual(kept.filter((k) => /^\/(api|view|lite|compat)/.test(k)), []);
  await r.page.reload();
  await r.page.locator('[data-testid=address]').waitFor();
  await server.halt();
  await r.page.reload();
  await r.page.locator('[data-testid=address]', { hasText: address }).waitFor();
  await r.page.getByText('Connection lost. Your mail is shown once it is back.').waitFor({ timeout: 15_000 });
  await r.page.getByText('Your mail is on the server only').waitFor();
  await r.shot('lost');
  await r.context.setOffline(true);
  await r.page.reload();
  await r.page.getByText(/(You are offline|Connection lost)\. Your mail is shown/).waitFor(); // the browser does not always know
  await r.context.setOffline(false);
  await server.again();
  await r.live(); // by itself
  await r.row('verification').waitFor();
  await r.close();
});

const RUNS = [
  { subject: `Long before it ends ${'and on and on '.repeat(24)}THE END`, from: 'Long <long@example.com>' },
  { subject: `שלום וברכה ${'ועוד ועוד '.repeat(30)}סוף`, from: 'עברית <ivrit@example.com>' },
];
for (const [lang, size] of [['en', WIDE], ['ar', WIDE], ['ar', NARROW]])
  test(`a subject runs its own way, read or not, in ${lang} at ${size.width} px`, async () => {
    const r = await reader(server, { lang, size });
    const address = await r.open();
    await r.live();
    for (const m of RUNS) await server.send(address, mail({ text: 'x', ...m }));
    const state = () => r.page.locator('button.subject').evaluateAll((all) => all.map((e) => {
      const words = [...e.querySelectorAll('*'), e].find((x) => getComputedStyle(x).textOverflow === 'ellipsis');
      return [words.textContent.trim().slice(0, 4), getComputedStyle(words).direction, words.scrollWidth > words.clientWidth];
    }).sort());
    const want = [['Long', 'ltr', true], ['שלום', 'rtl', true]];
    await r.row('Long').and(r.page.locator('.unseen *')).waitFor();
    await r.row('שלום').waitFor();
    assert.deepEqual(await state(), want);
    await r.shot('runs-unread');
    for (const m of ['Long', 'שלום']) {
      await r.row(m).click();
      await r.page.locator('#subject').waitFor();
      await r.page.keyboard.press('Escape');
      await r.page.locator('#subject').waitFor({ state: 'detached' });
    }
    await r.page.locator('.unseen').first().waitFor({ state: 'detached' });
    assert.deepEqual(await state(), want);
    await r.shot('runs-read');
    await r.close();
  });

test('the head of the address ends at one line: the rule, Copy, and the words of the last button', async () => {
  for (const lang of ['en', 'ar']) {
    const r = await reader(server, { lang });
    await r.open();
    await r.page.locator('.acts .end').waitFor();
    const ends = await r.page.evaluate(() => {
      const rtl = document.documentElement.dir === 'rtl';
      const words = document.createRange();
      words.selectNodeContents(document.querySelector('.acts .end'));
      return [document.querySelector('.life'), document.querySelector('.copy .btn'), words].map((x) => x.getBoundingClientRect()[rtl ? 'left' : 'right']);
    });
    assert.ok(Math.max(...ends) - Math.min(...ends) < 1, ends.join(', '));
    await r.shot('head');
    await r.close();
  }
});

test('Chinese, Spanish, and a page written from right to left', async () => {
  for (const [lang, word] of [['zh', '复制地址'], ['es', 'Copiar dirección'], ['de', 'Adresse kopieren'], ['ar', 'نسخ العنوان']])
    for (const size of [NARROW, WIDE]) {
      const r = await reader(server, { lang, size });
      const address = await r.open();
      await r.page.getByRole('button', { name: word }).first().waitFor();
      assert.equal(await r.page.evaluate(() => document.documentElement.lang), lang);
      assert.equal(await r.page.evaluate(() => document.documentElement.dir), lang === 'ar' ? 'rtl' : 'ltr');
      for (const m of MAILS) await server.send(address, mail(m));
      await r.row('Rechnung').waitFor();
      await r.shot('list');
      await r.row('verification').click();
      await r.page.locator('.tabs').waitFor();
      if (lang === 'ar') {
        await r.page.locator('#tab-text').click();
        const [text, box] = await Promise.all(['.plain', '#mail-body'].map((x) => r.page.locator(x).evaluate((e) => e.getBoundingClientRect().left + (e.id ? parseFloat(getComputedStyle(e).paddingLeft) : 0))));
        assert.equal(text, box, 'text from left to right begins at the left edge');
      }
      await r.shot('reader');
      await r.close();
    }
});
