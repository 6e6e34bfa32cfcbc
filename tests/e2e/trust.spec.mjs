// What a reader sees of the checks: whether a name may be believed and why, junk and its correction, what was kept out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, closeBrowser, dns, mail, NARROW, reader, serve, signer, WIDE } from './lib.mjs';

const CLIENT = '198.51.100.77';
const key = signer('signed.example', 's1');
const RECORDS = {
  [key.name]: key.record, '_dmarc.signed.example': 'v=DMARC1; p=reject', 'signed.example': 'v=spf1 -all',
  'strict.example': 'v=spf1 -all', '_dmarc.strict.example': 'v=DMARC1; p=reject',
  'bank.example': 'v=spf1 -all', '_dmarc.bank.example': 'v=DMARC1; p=quarantine',
};
const SETUP = { name: 'setup.exe', type: 'application/octet-stream', body: Buffer.concat([Buffer.from('MZ'), Buffer.alloc(4000, 7)]) };

let server, names;
before(async () => {
  names = await dns(RECORDS);
  if (names) server = await serve('test.xclient=true', 'server.hostname=mx.test', `dns.forward=${names.address}`, 'box.max_messages=9', 'trust.content=false');
});
after(async () => (await closeBrowser(), await server?.close(), names?.close()));

/** A picture in each theme, and nothing for axe to find. */
async function look(r, name, size) {
  for (const theme of ['dark', 'light']) {
    await r.page.emulateMedia({ colorScheme: theme });
    await r.shot(`trust-${name}`, theme);
  }
  await axe(r, `${name} at ${size.width}`);
}

for (const size of [WIDE, NARROW])
  test(`who sent it, and what became of it, at ${size.width} px`, async (t) => {
    if (!names) return t.skip('NOTE SKIP trust journeys: there is no test DNS');
    const r = await reader(server, { size, bypassCSP: true });
    const { page } = r;
    let token = '';
    page.on('request', (q) => (token ||= (q.headers()['authorization'] ?? '').replace(/^Bearer /, '')));
    const address = await r.open();
    await r.live();
    const send = (from, subject, more = {}, sign = (m) => m) => server.send(address, sign(mail({ from, subject, text: 'Good day.', ...more })), { from: /<(.*)>/.exec(from)[1], client: CLIENT });
    const back = async () => (await page.keyboard.press('Escape'), await page.locator('#subject').waitFor({ state: 'detached' }));

    await assert.rejects(send('Strict <ann@strict.example>', 'Forged'), /554 5\.7\.1/);
    const tries = page.locator('.tries li');
    await tries.getByText('Refused').waitFor();
    assert.match(await tries.first().innerText(), /554 5\.7\.1[^]*strict\.example/);
    await send('Your Bank <service@bank.example>', 'Confirm your account');
    await tries.getByText('Put into Junk').waitFor();
    assert.equal(await tries.count(), 2);
    await page.reload();
    await page.locator('.tries li').nth(1).waitFor(); /* kept, not only told */
    await look(r, 'attempts', size);

    await page.locator('.waiting').getByRole('button', { name: /^Junk/ }).click();
    await r.row('Confirm your account').click();
    await page.getByText('Claims to be bank.example, but fails its checks').waitFor();
    await page.getByRole('button', { name: 'Why?' }).click();
    await page.getByText('DMARC_FAIL').waitFor();
    await look(r, 'claims', size);

    await page.getByRole('button', { name: 'Not junk' }).click();
    await page.locator('.toast', { hasText: 'Moved to the inbox' }).waitFor();
    await r.row('Confirm your account').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await r.row('Confirm your account').waitFor();
    await r.row('Confirm your account').click();
    await page.keyboard.press('!');
    await page.locator('.toast', { hasText: 'Moved to the inbox' }).last().waitFor();
    await page.locator('.folder', { hasText: 'Inbox' }).click();
    await r.row('Confirm your account').waitFor();

    await send('Signed <news@signed.example>', 'Good news', { files: [SETUP] }, key.sign);
    await r.row('Good news').click();
    await page.getByText('Signed by signed.example').waitFor();
    const why = page.getByRole('button', { name: 'Why?' });
    await why.focus();
    await page.keyboard.press('Enter');
    await page.locator('.checks', { hasText: 'DKIM pass' }).waitFor();
    await look(r, 'signed', size);
    await page.getByRole('button', { name: /setup\.exe/ }).click();
    await page.getByText('Files like this can run programs').waitFor();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save anyway' }).click();
    assert.equal((await saved).suggestedFilename(), 'setup.exe');
    await back();

    /* Corrected elsewhere, by a mail program or a program: the page hears it, also of mail it has not listed. */
    const ask = (method, path, body) => fetch(`${server.base}api/v1${path}`, { method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const { messages } = await (await fetch(`${server.base}api/v1/mailbox/messages`, { headers: { Authorization: `Bearer ${token}` } })).json();
    const { id } = messages.find((m) => m.subject === 'Good news');
    await ask('POST', `/mailbox/messages/${id}/verdict`, { spam: true });
    await r.row('Good news').waitFor({ state: 'detached' });
    await page.reload(); /* the list of Junk is not there any more */
    await r.row('Confirm your account').waitFor();
    await r.live();
    await ask('PATCH', `/mailbox/messages/${id}`, { folder: 'INBOX' });
    await r.row('Good news').waitFor();
    assert.deepEqual(r.seen.errors, []);
    await r.close();
  });

/* Junk by the rules alone, whoever sends it. */
const offer = (subject) => `From: "support@bank.example" <w@xn--80ak6aa92e.example>\nReply-To: other@elsewhere.example\nSubject: ${subject}\nMIME-Version: 1.0
Content-Type: text/html; charset=utf-8\n\n<html><body><p style="display:none">meeting minutes invoice library weather</p><a href="http://192.0.2.7/login">https://www.paypal.com/</a> ACT N\u043eW cl\u0456ck h\u0435re</body></html>\n`;

test('one click, and the next mail like it is in the inbox', async () => {
  const teaching = await serve('trust.content=true');
  const r = await reader(teaching);
  const address = await r.open();
  await r.live();
  await teaching.send(address, offer('Offer 1'));
  await r.page.locator('.waiting').getByRole('button', { name: /^Junk/ }).click();
  await r.row('Offer 1').click();
  await r.page.getByRole('button', { name: 'Not junk' }).click();
  await r.page.locator('.toast', { hasText: 'Moved to the inbox' }).waitFor();
  await r.page.locator('.folder', { hasText: 'Inbox' }).click();
  await r.row('Offer 1').waitFor();
  /* The message is read after the click was answered, at most a moment later. */
  let n = 2;
  for (; n < 22 && (await r.row(/Offer (?!1$)/).count()) === 0; n++) {
    await teaching.send(address, offer(`Offer ${n}`));
    await r.page.waitForTimeout(100);
  }
  assert.ok(n < 22, 'it still goes to Junk');
  assert.deepEqual(r.seen.errors, []);
  await r.close();
  await teaching.close();
});

test('the reasons are in the language of the page, loaded for the first mail in Junk', async (t) => {
  const judging = await serve('trust.content=true');
  t.after(() => judging.close());
  for (const [lang, size, junk, why, reason, first] of [['zh', WIDE, '垃圾邮件', '为什么？', '有链接指向一串数字而不是域名', '在垃圾邮件中：'], ['ar', NARROW, 'غير مرغوب', 'لماذا؟', 'رابط يقود إلى رقم بدل اسم', 'في غير المرغوب: ']]) {
    const r = await reader(judging, { size, lang, bypassCSP: true });
    const { page } = r;
    const address = await r.open();
    await r.live();
    await judging.send(address, offer('Offer'));
    await page.locator('.waiting').getByRole('button', { name: junk }).click();
    await r.row('Offer').waitFor();
    const asked = () => r.seen.requests.filter((u) => /\/why-/.test(u)).length;
    assert.equal(asked(), 0, 'not before');
    await r.row('Offer').click();
    await page.getByTestId('injunk').filter({ hasText: first }).waitFor();
    assert.equal(asked(), 1);
    await look(r, 'injunk', size);
    await page.getByRole('button', { name: why }).click();
    await page.locator('.found li', { hasText: reason }).waitFor();
    assert.equal(asked(), 1);
    assert.equal(await page.locator('.found [lang=en]').count(), 0, 'none is left in English');
    await look(r, 'reasons', size);
    assert.deepEqual(r.seen.errors, []);
    await r.close();
  }
});

/* A link that a mail asks to follow, and that is what gives it away. */
const HOST = 'www.paypal.com.secure-session-check.evil.example';
const phish = (subject) => `From: "service@paypal.com" <w@xn--80ak6aa92e.example>\nReply-To: other@elsewhere.example\nSubject: ${subject}\nMIME-Version: 1.0
Content-Type: text/html; charset=utf-8\n\n<html><body><p>Confirm your account, or it will be closed.</p><a href="https://${HOST}/confirm?token=81">Confirm your account</a> <a href="https://${HOST}/help">Help</a> ACT N\u043eW cl\u0456ck h\u0435re</body></html>\n`;

for (const size of [WIDE, NARROW])
  test(`junk promotes no link, says why at once, and opens one at the second click only, at ${size.width} px`, async (t) => {
    const judging = await serve('trust.content=true');
    t.after(() => judging.close());
    const r = await reader(judging, { size, bypassCSP: true });
    const { page } = r;
    const address = await r.open();
    await r.live();
    await judging.send(address, phish('Confirm your account'));
    await page.locator('.waiting').getByRole('button', { name: /^Junk/ }).click();
    await r.row('Confirm your account').click();
    const panel = page.locator('section.main');
    const open = panel.getByRole('button', { name: 'Open link' });
    await open.waitFor();
    assert.equal(await page.locator('.panels .primary').count(), 0);
    assert.equal(await panel.locator('a').count(), 0, 'one click goes nowhere');
    assert.match(await page.getByTestId('injunk').innerText(), /^In Junk: (A link|The author)/);
    await look(r, 'junk-link', size);
    await open.click();
    const host = panel.getByText(HOST);
    assert.ok(await host.evaluate((e) => e.scrollWidth <= e.clientWidth), 'the host is there in full');
    assert.equal(await panel.getByRole('link', { name: 'Open anyway' }).getAttribute('href'), `https://${HOST}/confirm?token=81`);
    await look(r, 'junk-link-asked', size);
    await page.keyboard.press('Enter'); /* the focus is at Cancel, and goes back */
    assert.ok(await open.evaluate((e) => new Promise((go) => setTimeout(() => go(e === document.activeElement), 50))));

    await page.getByRole('button', { name: '2 links' }).click();
    const list = page.locator('ul', { has: page.getByText('Help', { exact: true }) }).locator('li');
    assert.equal(await list.locator('a').count(), 0, 'nor from the list');
    const second = list.nth(1).getByRole('button', { name: HOST });
    await second.click();
    assert.equal(await list.getByRole('link').count(), 1);
    assert.equal(await list.nth(1).getByRole('link', { name: 'Open anyway' }).getAttribute('href'), `https://${HOST}/help`);
    await look(r, 'junk-links-asked', size);
    await page.keyboard.press('Enter');
    assert.ok(await second.evaluate((e) => new Promise((go) => setTimeout(() => go(e === document.activeElement), 50))));
    await page.getByRole('tab', { name: 'HTML' }).click();
    const inside = page.frameLocator('iframe').locator('a');
    await inside.nth(1).waitFor();
    assert.deepEqual(await inside.evaluateAll((all) => all.map((a) => [a.getAttribute('href'), a.title])), ['confirm?token=81', 'help'].map((to) => [null, `https://${HOST}/${to}`]));
    await inside.nth(1).evaluate((a) => a.click());

    await page.getByRole('button', { name: 'Not junk' }).click();
    await page.locator('.folder', { hasText: 'Inbox' }).click();
    await r.row('Confirm your account').click();
    await panel.getByRole('link', { name: 'Open link' }).waitFor();
    assert.equal(await page.locator('.panels .primary').count(), 0, 'what was found of its link still holds');
    assert.equal(await page.getByTestId('injunk').count(), 0);
    assert.equal(await page.frameLocator('iframe').locator('a[href]').count(), 2);
    assert.deepEqual([r.seen.errors, r.seen.foreign], [[], []]);
    await r.close();
  });

test('who waits reads in the language of the page that a server was asked to come again', async () => {
  const careful = await serve('test.xclient=true', 'access.greylist=5m');
  for (const [lang, words] of [['en', /Asked to come again: the sender’s server has not been seen before/], ['de', /Auf später vertröstet: Der Server des Absenders ist hier neu/]]) {
    const r = await reader(careful, { lang });
    const address = await r.open();
    await r.live();
    await assert.rejects(careful.send(address, mail({ from: 'Shop <ann@shop.example>', subject: 'Your code', text: '482913' }), { from: 'ann@shop.example', client: CLIENT }), /451 4\.7\.1/);
    const said = r.page.locator('.tries li').first();
    await said.waitFor();
    assert.match(await said.innerText(), words);
    assert.match(await said.innerText(), /\(451 4\.7\.1\)[^]*shop\.example/);
    assert.doesNotMatch(await said.innerText(), /not seen before, try again/); /* that is for the server */
    await r.close();
  }
  await careful.close();
});
