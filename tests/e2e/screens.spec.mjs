// Every screen and state, at three widths, in both themes: for eyes to judge (test-output/page), and for a few things
// that a machine sees better: nothing wider than the window, no control too small for a thumb, no text cut off in a
// button, nothing hidden under something else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, mail, reader, serve } from './lib.mjs';

let server;
before(async () => void (server = await serve('trust.content=false'))); /* its phishing mail is to be looked at in the inbox */
after(async () => (await closeBrowser(), await server.close()));

const SIZES = [{ width: 320, height: 640 }, { width: 768, height: 1024 }, { width: 1440, height: 900 }];
const PICTURE = '<img src="https://img.shop.example/hero.jpg" width="520" height="180" alt="Winter sale" style="display:block;border-radius:12px">';
const NEWSLETTER = `<table width="100%" bgcolor="#f4efe6" cellpadding="0"><tr><td align="center"><table width="560" bgcolor="#ffffff" cellpadding="20" style="font-family:Georgia,serif;color:#222">
<tr><td><h1 style="margin:0;color:#7a2e1d">The Slow Kettle</h1><p style="color:#666">Tea, once a month</p>${PICTURE}</td></tr>
<tr><td><p>November is for smoked leaves. We found three, and wrote down how to brew them without haste.</p><p><a href="https://shop.example/read?id=81" style="background:#7a2e1d;color:#fff;padding:12px 20px;text-decoration:none">Read the letter</a></p><img src="https://img.shop.example/cup.jpg" width="240" height="160" alt="A cup"><img src="https://track.shop.example/o.gif?u=8" width="1" height="1"></td></tr></table></td></tr></table>`;
const CODE = { from: 'Example <no-reply@example.com>', subject: 'Your verification code', text: 'Your verification code is 739204. It is valid for ten minutes.', html: '<div style="font-family:sans-serif;padding:24px"><h2>Confirm it is you</h2><p>Your verification code is <b>739204</b>. It is valid for ten minutes.</p><p><a href="https://example.com/confirm?t=abc">Confirm your address</a></p></div>' };
const LIST = [
  { from: 'Lieferdienst Nordwind GmbH & Co. KG <versand@nordwind.example>', subject: 'Donaudampfschifffahrtsgesellschaftskapitänspatentverlängerungsantrag: Ihre Sendung 4711 wird heute zwischen 14:00 und 16:00 Uhr zugestellt', text: 'Guten Tag, Ihre Sendung kommt heute.' },
  { from: 'مكتبة النور <info@noor.example>', subject: 'رمز التحقق الخاص بك', text: 'رمز التحقق هو 48213' },
  { from: '友だち <tomo@example.jp>', subject: '週末の予定について', text: 'こんにちは。土曜日は晴れるようです。山へ行きませんか。' },
  { from: 'Party 🎉 <party@example.com>', subject: '🎈 You are invited 🥳 bring 🍰', text: 'Saturday at eight, at ours 🎶' },
  { from: 'no-reply@a-sender-without-a-name-and-a-very-long-address.example', subject: '', text: 'No subject here.' },
  { from: 'PayPaI <alert@paypa1.example>', subject: 'Sign in to your account now', text: 'Log in', html: '<p>Please <a href="http://xn--paypa-3ve.example/login?token=1">www.paypal.com</a> sign in to your account</p>' },
  { from: 'Accounts <billing@example.com>', subject: 'Invoice 2026-1183', text: 'The invoice is attached. Please pay within 14 days.', files: [
    { name: 'Invoice 2026-1183.pdf', type: 'application/pdf', body: '%PDF-1.4 x' }, { name: 'terms-and-conditions-of-the-whole-world-and-everything-beyond-it.docx', type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', body: Buffer.alloc(412_000, 1) },
    { name: 'setup.exe', type: 'application/octet-stream', body: Buffer.concat([Buffer.from('MZ'), Buffer.alloc(4000, 7)]) }, { name: 'holiday.png', type: 'image/png', body: Buffer.alloc(90_000, 3) }] },
  { from: 'The Slow Kettle <letter@shop.example>', subject: 'November: smoked leaves', text: 'November is for smoked leaves.', html: NEWSLETTER },
  CODE,
];

/** Says what a look at the layout finds wrong: text cut in a button, a control too small, things on top of each other. */
const flaws = (thumb) => {
  const out = [];
  const modal = document.querySelector('dialog[open]') ?? document;
  const shown = (el) => el.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) && !el.closest('.sr, [aria-hidden=true]');
  for (const el of modal.querySelectorAll('button, a[href], input, select, summary')) {
    if (!shown(el) || el.matches('.sr, .skip, .link, .subject, .switch, li a, p a')) continue;
    const box = el.closest('label')?.getBoundingClientRect() ?? el.getBoundingClientRect();
    const name = (el.getAttribute('aria-label') ?? el.textContent).trim().slice(0, 40) || el.id;
    if (box.width === 0 || box.height === 0) continue;
    if (Math.min(box.width, box.height) < thumb - 0.5) out.push(`${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`);
    if (el.matches('.btn, .folder') && el.scrollWidth > el.clientWidth + 1) out.push(`${name}: its words are cut`);
    if (box.left < -0.5 || box.right > innerWidth + 0.5) out.push(`${name}: outside the window`);
  }
  return out;
};

/** A picture in each theme. */
async function both(r, name) {
  for (const colorScheme of ['dark', 'light']) {
    await r.page.emulateMedia({ colorScheme });
    await r.shot(name, colorScheme);
  }
}

for (const size of SIZES) {
  test(`screens at ${size.width} px`, async () => {
    const r = await reader(server, { size });
    const { page } = r;
    const wrong = [];
    const look = async (name) => {
      await both(r, `screen-${name}`);
      for (const f of await page.evaluate(flaws, size.width < 700 ? 36 : 24)) wrong.push(`${name}: ${f}`);
    };
    const closePanel = async () => {
      await page.locator('dialog').getByRole('button', { name: 'Close' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    };
    const back = async () => {
      await page.keyboard.press('Escape');
      await page.locator('#subject').waitFor({ state: 'detached' });
    };

    await page.clock.install();
    await page.route('**/api/v1/mailboxes', async (x) => (await new Promise((go) => setTimeout(go, 2000)), x.continue()));
    await page.goto(server.base, { waitUntil: 'commit' });
    await page.locator('.skeleton').waitFor();
    await look('making');
    await page.locator('[data-testid=address]').waitFor();
    const address = await r.address();
    await r.live();
    await page.getByText('Listening', { exact: true }).waitFor();
    await page.clock.fastForward(1000);
    await look('waiting');
    await page.clock.fastForward(21_000);
    await page.getByText('Nothing yet?').waitFor();
    await look('waiting-late');

    await server.send(address, mail(CODE));
    await r.row(CODE.subject).waitFor();
    await page.clock.fastForward(2000);
    await look('one');
    for (const m of LIST) await server.send(address, mail(m));
    await page.locator('.rows li').nth(LIST.length).waitFor();
    await page.clock.fastForward(2000);
    await look('list');

    for (const [name, subject] of [['code', CODE.subject], ['blocked', 'November'], ['phishing', 'Sign in'], ['long', 'Donau'], ['text', '週末']]) {
      await r.row(subject).first().click();
      await page.locator('.tabs').waitFor();
      await page.waitForTimeout(200);
      await look(`read-${name}`);
      await back();
    }
    await r.row('週末').click();
    await page.locator('.answers').getByRole('button', { name: 'Reply', exact: true }).click();
    const composer = page.locator('.composer');
    await composer.locator('textarea').waitFor();
    await look('write-reply');
    await composer.getByRole('button', { name: 'Cc, Bcc' }).click();
    await composer.getByRole('combobox', { name: 'To' }).fill('nobody, somebody.with.a.long.name@a-domain-of-some-length.example,');
    await composer.locator('input[type=file]').setInputFiles([{ name: 'a file with quite a long name, as they often have one.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(20_000, 1) }]);
    await composer.locator('textarea').press('Control+Enter');
    await composer.getByRole('alert').waitFor();
    await look('write-wrong');
    await composer.getByRole('button', { name: 'Discard' }).click();
    await composer.waitFor({ state: 'detached' });
    await back();
    await page.route('**/api/v1/mailbox/messages/*', async (x) => {
      const answer = await x.fetch(), text = await answer.text();
      await x.fulfill({ response: answer, body: text.replace(/("filename":"setup\.exe")/, '$1,"verdict":"malware"') });
    });
    await r.row('Invoice').click();
    await page.getByText('Malware found').waitFor();
    await look('read-malware');
    await page.getByRole('button', { name: /setup\.exe/ }).click();
    await look('read-malware-ask');
    await page.getByRole('tab', { name: 'Headers' }).click();
    await page.getByText('MIME-Version').first().waitFor();
    await look('read-headers');
    await back();

    await page.locator('.rows .pick').first().click();
    await page.locator('.rows .pick').nth(2).click();
    await look('selected');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.locator('#search').fill('nothing like that');
    await page.clock.fastForward(400);
    await page.getByText('No mail here matches').waitFor();
    await look('search-none');
    await page.locator('#search').fill('');
    await page.clock.fastForward(400);
    await page.locator('.folder', { hasText: 'Junk' }).click();
    await page.getByText('No junk').waitFor();
    await look('junk-none');
    await page.locator('.folder', { hasText: 'Inbox' }).click();

    for (const name of ['My addresses', 'Connect', 'Recovery', 'Privacy', 'Settings']) {
      await r.panel(name);
      await page.locator('dialog .stack, dialog ul').first().waitFor();
      await page.waitForTimeout(150);
      await look(`panel-${name.toLowerCase().replace(' ', '-')}`);
      await closePanel();
    }
    for (const name of ['Extend', 'New', 'QR']) {
      await page.locator('.acts').getByRole('button', { name, exact: true }).click();
      await page.locator('dialog .stack, dialog svg[role=img]').first().waitFor();
      await look(`panel-${name.toLowerCase()}`);
      await closePanel();
    }
    await r.panel('My addresses');
    await page.getByRole('button', { name: 'Open an address from elsewhere' }).click();
    await page.getByRole('heading', { name: 'Open an address' }).waitFor();
    await look('panel-open');
    await closePanel();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await look('panel-keys');
    await closePanel();

    await r.context.setOffline(true);
    await page.clock.fastForward(3000);
    await page.getByText('You are offline').waitFor();
    await look('offline');
    await r.context.setOffline(false);
    await r.live();
    await page.getByRole('button', { name: 'Burn', exact: true }).click();
    await page.getByText('Nobody can bring them back').waitFor();
    await look('burn');
    await page.getByRole('button', { name: 'Burn it now' }).click();
    await page.getByText(/Burned at/).waitFor();
    await look('ended');
    assert.deepEqual(r.seen.errors, []);
    assert.deepEqual(r.seen.foreign, []);
    await r.close();
    assert.deepEqual(wrong, []);
  });

  test(`/lite at ${size.width} px`, async () => {
    const r = await reader(server, { js: false, size });
    const { page } = r;
    await page.goto(`${server.base}lite`);
    await both(r, 'lite-front');
    await page.getByRole('button', { name: 'New address' }).click();
    const address = /[a-z0-9-]+@mayfly\.localhost/.exec(await page.locator('body').innerText())[0];
    await both(r, 'lite-made');
    for (const m of LIST.slice(-4)) await server.send(address, mail(m));
    await page.getByRole('button', { name: /refresh|check|inbox/i }).first().click();
    await page.getByText(CODE.subject).first().waitFor();
    await both(r, 'lite-inbox');
    await page.getByRole('button', { name: /read/i }).first().click();
    await page.getByText('739204').first().waitFor();
    await both(r, 'lite-mail');
    await r.close();
  });
}
