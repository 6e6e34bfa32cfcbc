// Mail that attacks its reader: every vector is sent as a mail and opened in the page. Nothing may run, nothing may be
// asked of any other host, nothing may leave the frame or change the page around it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { closeBrowser, DATA, mail, NARROW, reader, serve } from './lib.mjs';

let server;
before(async () => void (server = await serve('box.max_messages=2000', 'trust.content=false')));
after(async () => (await closeBrowser(), await server.close()));

const RUN = 'top.ran=1;window.ran=1;alert(1);fetch("https://evil.example/ran")';
const marks = (s) => s.replace(/%[a-z_]*js[a-z_]*%/gi, RUN).replace(/%[a-z_]*uri[a-z_]*%/gi, 'https://evil.example/x');
const payloads = (list) => list.map((v) => v.payload ?? v.data);

const OWN = [
  `<script>${RUN}</script>`, `<img src=x onerror='${RUN}'>`, `<svg onload='${RUN}'>`, `<iframe srcdoc="<script>parent.ran=1</script>"></iframe>`,
  `<a href="javascript:${RUN}">x</a>`, '<meta http-equiv="refresh" content="0;url=https://evil.example/">', '<base href="https://evil.example/"><a href="x">x</a><img src="x">',
  '<form action="https://evil.example/"><input name=q autofocus><button>x</button></form>', '<link rel=stylesheet href="https://evil.example/a.css"><link rel=prefetch href="https://evil.example/p">',
  '<style>@import "https://evil.example/i.css";@font-face{font-family:x;src:url(https://evil.example/f)}*{font-family:x;background:url(https://evil.example/b)}</style>x',
  '<div style="background:url(https://evil.example/d)">x</div><table background="https://evil.example/t"><tr><td>x</table>', '<img srcset="https://evil.example/s 1x"><picture><source srcset="https://evil.example/p"></picture>',
  '<video src="https://evil.example/v" poster="https://evil.example/p" autoplay></video><audio src="https://evil.example/a"></audio>', '<object data="https://evil.example/o"></object><embed src="https://evil.example/e">',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">', '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">', '<noscript><p title="</noscript><img src=x onerror=alert(1)>">', '<input name=body><form id=document name=getElementById>', '<a href="https://evil.example/" target="_top">x</a><body onload=alert(1) onpageshow=alert(2)>',
];

async function attack(name, list, more = () => ({})) {
  const r = await reader(server);
  const { page } = r;
  const address = await r.open();
  await r.live();
  for (const [i, html] of list.entries()) await server.send(address, mail({ subject: `case ${i}`, html, text: 'x', ...more(i) }));
  await r.row(`case ${list.length - 1}`).first().click();
  const past = new Set(); /* frames of mails before may still be going */
  for (let i = list.length - 1; i >= 0; i--) {
    await page.locator('#subject', { hasText: new RegExp(`case ${i}$`) }).waitFor();
    const children = () => page.frames().filter((f) => f !== page.mainFrame());
    const shown = () => children().find((f) => f.url().startsWith(`${server.base}view/`) && !past.has(f.url()));
    let frame;
    for (let n = 0; n < 1500 && (!frame || shown() !== frame); n++) {
      await page.waitForTimeout(10);
      frame = shown();
      await frame?.waitForLoadState('load').catch(() => undefined);
    }
    const places = children().map((f) => f.url());
    assert.ok(frame && places.every((u) => /^(about:blank)?$/.test(u) || u.startsWith(`${server.base}view/`)), `${name} ${i}: frames at ${places}`);
    past.add(frame.url());
    assert.deepEqual(r.seen.foreign, [], `${name} ${i}: ${list[i]}`);
    assert.deepEqual(r.seen.dialogs, [], `${name} ${i}: ${list[i]}`);
    assert.equal(page.url(), server.base);
    // A list that was fetched anew, after a connection that broke, begins with its first page again.
    if (i % 5 === 0 && (await page.getByText('Show older mail').isVisible())) await page.getByText('Show older mail').click();
    // A mail may hold the focus in its frame; a reader clicks beside it, or presses Tab. Keys there stay there.
    await page.evaluate(() => document.activeElement instanceof HTMLIFrameElement && document.activeElement.blur());
    if (i > 0) await page.keyboard.press('j');
  }
  assert.equal(await page.evaluate(() => window.ran), undefined);
  await page.waitForTimeout(300);
  assert.deepEqual(r.seen.foreign, []);
  await r.close();
}

test('our own list of tricks', () => attack('own', OWN));

for (const file of ['html/dompurify/expect-a.json', 'html/h5sc/items.json']) {
  const path = join(DATA, file);
  test(file, { skip: existsSync(path) ? false : `no ${file} under MAYFLY_TESTDATA` }, async () => {
    const list = payloads(JSON.parse(readFileSync(path, 'utf8'))).map(marks);
    assert.ok(list.length > 100);
    await attack(file, list);
  });
}

test('text of a mail is text wherever it shows', async () => {
  const r = await reader(server);
  const address = await r.open();
  await r.live();
  const evil = `<img src=x onerror="${RUN.replace(/"/g, "'")}">`;
  await server.send(address, mail({ from: `${evil.replace(/[<>",;:@]/g, '')} <a@b.example>`, subject: `${evil} {{7*7}} \u202egnp`, text: `${evil}\n<script>${RUN}</script>\nYour code is 123987`, files: [{ name: `x${evil.replace(/"/g, '')}.txt`, type: 'text/plain', body: 'x' }] }));
  await r.row('onerror').click();
  await r.page.locator('.plain', { hasText: '<script>' }).waitFor();
  for (const tab of ['Headers', 'Source']) {
    await r.page.getByRole('tab', { name: tab }).click();
    await r.page.getByText('MIME-Version').first().waitFor();
  }
  assert.equal(await r.page.evaluate(() => window.ran), undefined);
  assert.deepEqual([...r.seen.foreign, ...r.seen.dialogs, ...r.seen.errors], []);
  await r.close();
});

test('a long subject takes four lines until it is asked for, and a name that is an address does not hide the real one', async () => {
  const r = await reader(server, { size: NARROW });
  const address = await r.open();
  await r.live();
  await server.send(address, mail({ from: '"help@bank.example" <thief@evil.example>', subject: 'verylongword'.repeat(60), text: 'x' }));
  await r.row('verylong').click();
  const subject = r.page.locator('#subject');
  const high = async () => (await subject.boundingBox()).height;
  await r.page.getByRole('button', { name: 'Show all' }).waitFor();
  assert.ok((await high()) < 130, `${await high()} px`);
  await r.shot('subject-long');
  await r.page.getByRole('button', { name: 'Show all' }).click();
  assert.ok((await high()) > 300);
  await r.page.getByRole('button', { name: 'Show less' }).click();
  assert.ok((await high()) < 130);
  await r.page.locator('.answers').getByRole('button', { name: 'Reply', exact: true }).click();
  await r.page.locator('.composer .who').getByText('thief@evil.example').waitFor();
  await r.shot('reply-address');
  await r.close();
});
