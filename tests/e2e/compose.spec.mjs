// Writing: a mail is answered in the page and arrives at another server; what is written is not lost; what became of it is
// shown. The other server is in lib.mjs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, closeBrowser, mail, NARROW, reader, serve, sink, sleep, WIDE } from './lib.mjs';

let server, far;
before(async () => {
  far = await sink({ 'gone@': '550 5.1.1 Nobody of that name lives here', 'busy@': '451 4.3.0 Come back in a while' });
  server = await serve('send.policy=open', 'send.forward=true', ...far.options);
});
after(async () => (await closeBrowser(), await server.close(), await far.close()));

const LETTER = { from: 'Anna Berg <anna@example.com>', subject: 'Lunch on Friday?', text: 'Hello,\n\nshall we eat at the harbour?\n\nAnna\n', files: [{ name: 'menu.pdf', type: 'application/pdf', body: Buffer.alloc(4000, 5) }] };
const arrival = async (n) => {
  for (let i = 0; far.mails.length < n && i < 400; i++) await sleep(25);
  return far.mails[n - 1];
};
/** Time to think again that a test can wait for. */
const hurry = (page) => page.route('**/api/v1/mailbox/send', (x) => x.continue({ postData: JSON.stringify({ ...x.request().postDataJSON(), undo: 0 }) }));
const part = (text, name) => Buffer.from(new RegExp(`filename="?${name}"?\\r\\n\\r\\n([\\s\\S]*?)\\r\\n\\r\\n--`).exec(text)[1], 'base64');

for (const [size, theme] of [[WIDE, 'light'], [NARROW, 'dark']]) {
  test(`a reply at ${size.width} px, ${theme}`, async () => {
    const r = await reader(server, { size, theme, bypassCSP: true });
    const { page } = r;
    const before = far.mails.length;
    const address = await r.open();
    await r.live();
    await server.send(address, mail(LETTER));
    await r.row('Lunch').click();
    await page.locator('.answers').getByRole('button', { name: 'Reply', exact: true }).click();
    const composer = page.locator('.composer');
    const text = composer.locator('textarea');
    await text.waitFor();
    assert.ok(await text.evaluate((t) => t === document.activeElement && t.selectionStart === 0), 'the caret stands where writing begins');
    await page.keyboard.type('Yes, gladly.');
    await r.shot('compose-reply');
    await composer.locator('input[type=file]').setInputFiles([{ name: 'way.txt', mimeType: 'text/plain', buffer: Buffer.from('left, then right') }, { name: 'big.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(300_000, 9) }]);
    await composer.getByText('Draft saved').waitFor();
    await axe(r, 'composer');
    await r.shot('compose-files');
    await hurry(page);
    await page.keyboard.press('Control+Enter');
    await page.locator('.toast', { hasText: 'Mail is on its way' }).waitFor();
    const came = await arrival(before + 1);
    assert.deepEqual(came.to, ['anna@example.com']);
    assert.equal(came.from, address);
    assert.match(came.text, /^In-Reply-To: <.*@sender\.example>\r$/m);
    assert.match(came.text, /^Subject: Re: Lunch on Friday\?\r$/m);
    assert.match(came.text, /Yes, gladly\.[\s\S]*> shall we eat at the harbour\?/);
    assert.equal(part(came.text, 'way.txt').toString(), 'left, then right');
    assert.equal(part(came.text, 'big.bin').length, 300_000);
    assert.doesNotMatch(came.text, /127\.0\.0\.1|^X-|^User-Agent|^Bcc/im);
    await page.keyboard.press('Escape');
    if (size === NARROW) await page.locator('#subject').waitFor({ state: 'detached' });
    await page.locator('.folder', { hasText: 'Sent' }).click();
    await page.locator('.rows .fate.sent').waitFor();
    await r.row('Re: Lunch').click();
    await page.getByText('Handed to the recipient’s server').waitFor();
    await axe(r, 'what was sent');
    await r.shot('compose-sent');
    assert.equal(await page.locator('.folder', { hasText: 'Drafts' }).count(), 0, 'the draft went with it');
    assert.deepEqual([...r.seen.errors, ...r.seen.foreign, ...r.seen.dialogs], []);
    await r.close();
  });
}

test('to whom a mail goes runs its own way, whatever language the page is in', async () => {
  const r = await reader(server, { lang: 'ar', size: NARROW });
  const { page } = r;
  let token = '';
  page.on('request', (q) => (token = q.headers()['authorization'] ?? token));
  const address = await r.open();
  await r.live();
  await server.send(address, mail(LETTER)); /* nobody sees a list before there is mail */
  await r.row('Friday').waitFor();
  const to = [{ name: 'Commissioner of Everything that Begins and Ends in this Town', address: 'all@example.com' }];
  const made = await fetch(`${server.base}api/v1/mailbox/drafts`, { method: 'POST', headers: { authorization: token, 'content-type': 'application/json' }, body: JSON.stringify({ to, subject: 'Lunch at one', text: 'x' }) });
  assert.equal(made.status, 201);
  await page.reload();
  await page.locator('.folder', { hasText: 'مسودات' }).click();
  await r.row('Lunch at').waitFor();
  const name = page.locator('.rows .who .cut');
  assert.equal(await name.count(), 1);
  assert.deepEqual(await name.evaluate((e) => [getComputedStyle(e).direction, e.scrollWidth > e.clientWidth]), ['ltr', true]);
  assert.equal(await page.locator('.rows .who').evaluate((e) => getComputedStyle(e).direction), 'rtl', 'our own word does not');
  await r.shot('to-whom');
  await r.close();
});

test('a draft that was deleted or saved elsewhere is no dead end', async () => {
  const r = await reader(server);
  const { page } = r;
  const before = far.mails.length;
  let token = '';
  page.on('request', (q) => (token = q.headers()['authorization'] ?? token));
  const drafts = async () => (await (await fetch(`${server.base}api/v1/mailbox/messages?folder=Drafts`, { headers: { authorization: token } })).json()).messages;
  const address = await r.open();
  await r.live();
  await server.send(address, mail(LETTER));
  await r.row('Lunch').click();
  await page.locator('.answers').getByRole('button', { name: 'Reply', exact: true }).click();
  const composer = page.locator('.composer');
  const text = composer.locator('textarea');
  await text.waitFor();
  await composer.locator('input[type=file]').setInputFiles([{ name: 'way.txt', mimeType: 'text/plain', buffer: Buffer.from('left, then right') }]);
  await page.keyboard.type('One. ');
  for (const next of ['Two. ', 'Three. ']) {
    await composer.getByText('Draft saved').waitFor();
    await page.waitForFunction(() => document.querySelector('.composer .saved')?.textContent?.includes('Draft saved'));
    const all = await drafts();
    assert.equal(all.length, 1);
    assert.equal((await fetch(`${server.base}api/v1/mailbox/messages/${all[0].id}`, { method: 'DELETE', headers: { authorization: token } })).status, 204);
    await text.focus();
    await page.keyboard.type(next);
    if (next === 'Two. ') for (let i = 0; i < 200 && (await drafts()).length === 0; i++) await sleep(50);
  }
  await hurry(page);
  await composer.getByRole('alert').getByText('already sent, changed or discarded elsewhere').waitFor();
  assert.ok(await composer.locator('.bottom').isDisabled());
  await composer.getByRole('button', { name: 'Send anyway' }).click();
  const came = await arrival(before + 1);
  assert.match(came.text, /^In-Reply-To: <.*@sender\.example>\r$/m, 'it is still an answer');
  assert.match(came.text, /One\. Two\. Three\./);
  assert.equal(part(came.text, 'way.txt').toString(), 'left, then right');
  await composer.waitFor({ state: 'detached' });
  assert.deepEqual([...r.seen.foreign, ...r.seen.dialogs], []);
  await r.close();
});

test('a mail whose answer is lost is not sent twice', async () => {
  const r = await reader(server);
  const { page } = r;
  const before = far.mails.length;
  await r.open();
  await r.live();
  await page.getByRole('button', { name: 'Write' }).click();
  const composer = page.locator('.composer');
  await composer.getByRole('combobox', { name: 'To' }).fill('ben@example.com,');
  await composer.locator('textarea').fill('Once.');
  await composer.getByText('Draft saved').waitFor();
  let n = 0;
  await page.route('**/api/v1/mailbox/send', async (x) => {
    const postData = JSON.stringify({ ...x.request().postDataJSON(), undo: 0 });
    if (n++ > 0) return x.continue({ postData });
    await x.fetch({ postData });
    return x.abort();
  });
  await composer.getByRole('button', { name: 'Send' }).click();
  await composer.getByRole('alert').waitFor();
  await arrival(before + 1);
  await composer.getByRole('button', { name: 'Send' }).click();
  await composer.waitFor({ state: 'detached' });
  await sleep(500); /* a second mail would be there by now */
  assert.equal(far.mails.length, before + 1);
  assert.equal(n, 2);
  await r.close();
});

test('sent in haste, had back, and sent better', async () => {
  const r = await reader(server);
  const { page } = r;
  const before = far.mails.length;
  await r.open();
  await r.live();
  await page.getByRole('button', { name: 'Write' }).click();
  const composer = page.locator('.composer');
  await composer.getByRole('combobox', { name: 'To' }).fill('ben@example.com,');
  await composer.locator('.who', { hasText: 'ben@example.com' }).waitFor();
  await composer.getByPlaceholder('Subject').fill('The keys');
  await composer.locator('textarea').fill('They are under the mat.');
  await composer.getByRole('button', { name: 'Send' }).click();
  await r.context.setOffline(true);
  await page.getByRole('button', { name: 'Undo sending' }).click();
  await page.locator('.toast', { hasText: 'Still trying to take the mail back' }).waitFor();
  await r.context.setOffline(false);
  await composer.getByText('Draft', { exact: true }).waitFor();
  await page.locator('.toast', { hasText: 'Still trying' }).waitFor({ state: 'detached' });
  assert.equal(await composer.locator('textarea').inputValue(), 'They are under the mat.');
  assert.equal(await composer.locator('.who').innerText(), 'ben@example.com');
  await composer.locator('textarea').fill('Ask the neighbour.');
  await hurry(page);
  await composer.getByRole('button', { name: 'Send' }).click();
  const came = await arrival(before + 1);
  assert.match(came.text, /Ask the neighbour/);
  assert.equal(far.mails.length, before + 1, 'what was taken back never left');
  assert.deepEqual(r.seen.errors, []);
  await r.close();
});

test('what was taken back in another tab is said to be so', async () => {
  const r = await reader(server);
  const { page } = r;
  const token = tokenOf(page);
  await r.open();
  await r.live();
  await page.getByRole('button', { name: 'Write' }).click();
  const composer = page.locator('.composer');
  await composer.getByRole('combobox', { name: 'To' }).fill('ben@example.com,');
  await composer.locator('textarea').fill('They are under the mat.');
  const sent = page.waitForResponse('**/api/v1/mailbox/send');
  await composer.getByRole('button', { name: 'Send' }).click();
  const { id } = await (await sent).json();
  const had = await fetch(`${server.base}api/v1/mailbox/outbox/${id}`, { method: 'DELETE', headers: { authorization: token() } });
  assert.equal(had.status, 200);
  await page.getByRole('button', { name: 'Undo sending' }).click();
  await page.locator('.toast', { hasText: 'It was taken back already' }).waitFor();
  await r.close();
});

test('a double click on Send takes nothing back, and Undo goes when the mail does', async () => {
  const r = await reader(server);
  const { page } = r;
  const before = far.mails.length;
  await r.open();
  await r.live();
  await page.route('**/api/v1/mailbox/send', (x) => x.continue({ postData: JSON.stringify({ ...x.request().postDataJSON(), undo: 3 }) }));
  await page.getByRole('button', { name: 'Write' }).click();
  const composer = page.locator('.composer');
  await composer.getByRole('combobox', { name: 'To' }).fill('ben@example.com,');
  await composer.locator('textarea').fill('Once and for all.');
  await composer.getByText('Draft saved').waitFor();
  await composer.getByRole('button', { name: 'Send' }).click();
  const undo = page.getByRole('button', { name: 'Undo sending' });
  await undo.waitFor();
  await undo.evaluate((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    window.hit = document.elementFromPoint(x + width / 2, y + height / 2)?.closest('button, .toast')?.className;
  });
  assert.match(await page.evaluate(() => window.hit), /^toast/, 'no click reaches it yet');
  await undo.hover();
  assert.ok(await arrival(before + 1));
  await undo.waitFor({ state: 'detached', timeout: 2000 });
  await r.close();
});

test('what is being written is a draft also when the page goes at once', async () => {
  const r = await reader(server);
  const { page } = r;
  await page.addInitScript(() => addEventListener('beforeunload', (e) => e.stopImmediatePropagation())); /* the question whether to leave is not asked */
  const address = await r.open();
  await r.live();
  await server.send(address, mail(LETTER));
  await r.row('Lunch').waitFor();
  await page.getByRole('button', { name: 'Write' }).click();
  await page.locator('.composer textarea').fill('A thought, and gone');
  await page.reload();
  await page.locator('.folder', { hasText: 'Drafts' }).click();
  await page.locator('.rows .subject').click();
  await page.waitForFunction(() => document.querySelector('.composer textarea')?.value === 'A thought, and gone');
  await page.locator('.composer').getByRole('button', { name: 'Discard' }).click();
  await page.locator('.toast').waitFor();
  await page.reload();
  await r.live();
  await page.locator('.folder', { hasText: 'Drafts' }).click();
  await page.getByText('No drafts.').waitFor();
  await r.close();
});

test('what is written is kept', async () => {
  const r = await reader(server);
  const { page } = r;
  const address = await r.open();
  await r.live();
  await server.send(address, mail(LETTER));
  await r.row('Lunch').waitFor();
  await page.keyboard.press('w');
  const composer = page.locator('.composer');
  await composer.getByRole('combobox', { name: 'To' }).fill('ann');
  await page.getByRole('option', { name: /Anna Berg/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await composer.locator('.who', { hasText: 'Anna Berg' }).waitFor();
  await composer.getByRole('combobox', { name: 'To' }).fill('nobody,');
  await composer.locator('textarea').fill('Half a thought');
  await composer.getByRole('combobox', { name: 'To' }).pressSequentially('carl(at)example');
  await composer.getByText('Draft saved').waitFor();
  await composer.locator('textarea').click();
  await composer.getByRole('button', { name: 'Send' }).click();
  await composer.getByRole('alert').getByText('nobody is not an address. Correct it or remove it.').waitFor();
  await r.shot('compose-wrong');
  await page.evaluate(() => {
    const files = new DataTransfer();
    files.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
    document.querySelector('.composer').dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));
  });
  await composer.getByText('dropped.txt').waitFor();
  await composer.getByText('Draft saved').waitFor();
  await page.keyboard.press('Escape');
  await composer.waitFor({ state: 'detached' });
  await page.locator('.folder', { hasText: 'Drafts' }).waitFor();
  await page.reload();
  await page.locator('.folder', { hasText: 'Drafts' }).click();
  await page.locator('.rows .subject').click();
  await composer.getByText('dropped.txt').waitFor();
  assert.equal(await composer.locator('textarea').inputValue(), 'Half a thought');
  assert.deepEqual(await composer.locator('.who bdi.cut').allTextContents(), ['Anna Berg', 'nobody', 'carl(at)example'], 'also what is no address is kept');
  await composer.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('button', { name: 'Keep the draft' }).click();
  assert.equal(await composer.locator('textarea').inputValue(), 'Half a thought');
  await composer.getByRole('button', { name: 'Discard' }).click();
  await page.locator('.toast').waitFor();
  await page.locator('.toast').waitFor({ state: 'detached' });
  await page.getByText('No drafts.').waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem('mayfly.typed')), '[]');
  assert.deepEqual(r.seen.errors, []);
  await r.close();
});

test('what could not be delivered is told in the far end’s words', async () => {
  const r = await reader(server);
  const { page } = r;
  const address = await r.open();
  await r.live();
  await server.send(address, mail({ ...LETTER, from: 'Gone <gone@example.com>' }));
  await hurry(page);
  await r.row('Lunch').click();
  await page.locator('.tabs').waitFor();
  await page.keyboard.press('f');
  const composer = page.locator('.composer');
  await composer.getByText('menu.pdf').waitFor();
  assert.match(await composer.locator('textarea').inputValue(), /Forwarded mail[\s\S]*From: Gone <gone@example\.com>[\s\S]*shall we eat/);
  await composer.getByRole('combobox', { name: 'To' }).fill('gone@example.com, busy@example.com,');
  await composer.locator('textarea').click();
  await page.keyboard.press('Control+Enter');
  await page.locator('.toast', { hasText: 'Mail to gone@example.com could not be delivered' }).waitFor();
  await page.locator('.toast', { hasText: 'could not be delivered' }).getByRole('button', { name: 'Show' }).click();
  await page.locator('.fate').getByText('Nobody of that name lives here').waitFor();
  await page.locator('.fate').getByText('Come back in a while').waitFor();
  await r.shot('compose-failed');
  await page.locator('.folder', { hasText: 'Inbox' }).click();
  await r.row('Your mail could not be delivered').click();
  await page.getByText('From this server').waitFor();
  await page.locator('.report').getByText('Nobody of that name lives here').waitFor();
  await page.locator('.tabs').waitFor();
  assert.equal(await page.locator('.files').count(), 0, 'no files for programs');
  await r.shot('report-own');
  assert.deepEqual(r.seen.errors, []);
  await r.close();
});

test('mail goes on once its reader has said yes', async () => {
  const r = await reader(server, { size: NARROW, theme: 'dark', lang: 'ar', bypassCSP: true });
  const { page } = r;
  const before = far.mails.length;
  await r.open();
  await r.live();
  await r.panel('الإعدادات');
  const panel = page.locator('.forward');
  await panel.locator('input').fill('no.address@mayfly.localhost');
  await panel.locator('form button').click();
  await panel.getByRole('alert').waitFor();
  await panel.locator('input').fill('me@other.example');
  await panel.scrollIntoViewIfNeeded();
  await axe(r, 'forwarding');
  await r.shot('forward-ask');
  await panel.locator('form button').click();
  await panel.locator('.state').waitFor();
  await axe(r, 'a question that waits');
  await r.shot('forward-waits');
  const token = /forward\?t=([\w-]{43})/.exec((await arrival(before + 1)).text)[1];
  const asked = await r.context.newPage();
  await asked.goto(`${server.base}forward?t=${token}`);
  await asked.getByRole('button', { name: 'Yes, forward it to me' }).click();
  await asked.getByText('This is confirmed').waitFor();
  await asked.close();
  await panel.locator('.state.on').waitFor();
  await r.shot('forward-on');
  await panel.locator('button').click();
  await panel.locator('input').waitFor();
  assert.deepEqual(r.seen.errors, []);
  await r.close();
});

/** What a far end reports of mail whose header comes back. */
const bounce = (to, back) => `From: Mail Delivery System <MAILER-DAEMON@far.example>\r
To: you\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <${Math.random().toString(36).slice(2)}@far.example>\r
Date: ${new Date().toUTCString().replace('GMT', '+0000')}\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
\r
I am sorry to have to inform you that your message could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; far.example\r
\r
Final-Recipient: rfc822; ${to}\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 <${to}>: Recipient address rejected: User unknown in local recipient table\r
--b\r
Content-Type: text/rfc822-headers\r
\r
${back}\r
--b--\r
`;

for (const [size, theme] of [[WIDE, 'light'], [NARROW, 'dark']]) {
  test(`a report that comes later, at ${size.width} px, ${theme}`, async () => {
    const r = await reader(server, { size, theme, bypassCSP: true });
    const { page } = r;
    const before = far.mails.length;
    const address = await r.open();
    await r.live();
    await hurry(page);
    await page.getByRole('button', { name: 'Write' }).click();
    await page.mouse.move(1, 1); // a toast under the pointer stays
    const composer = page.locator('.composer');
    await composer.getByRole('combobox', { name: 'To' }).fill('ben.without.a.mailbox@somewhere.far.example,');
    await composer.locator('textarea').fill('Hello Ben.');
    await page.keyboard.press('Control+Enter');
    const came = await arrival(before + 1);
    await composer.waitFor({ state: 'detached' });
    await page.locator('.toast').waitFor({ state: 'detached' });
    await server.send(address, bounce(came.to[0], came.text.split('\r\n\r\n')[0]), { from: '' });
    await page.locator('.toast', { hasText: `Mail to ${came.to[0]} could not be delivered` }).waitFor();
    await r.row('Undelivered').click();
    const report = page.locator('.report');
    await report.getByText(`Mail to \u2068${came.to[0]}\u2069 could not be delivered`).waitFor();
    await report.getByText('5.1.1').waitFor();
    await page.locator('.tabs').waitFor();
    await page.locator('.toast').waitFor({ state: 'detached' });
    await axe(r, 'a report');
    await r.shot('report');
    await report.getByRole('button', { name: 'Show the mail' }).click();
    await page.locator('.fate.failed').getByText('User unknown').waitFor();
    await r.shot('report-sent');
    await page.keyboard.press('Escape');
    await page.locator('.folder', { hasText: 'Inbox' }).click();
    await server.send(address, bounce('mallory@elsewhere.example', '').replace('Undelivered', 'Forged'), { from: '' });
    await r.row('Forged').click();
    await report.getByText('Anybody can write such a report').waitFor();
    await page.getByText('Could not be verified').waitFor();
    await page.locator('.tabs').waitFor();
    await axe(r, 'a report that fits nothing');
    await r.shot('report-none');
    assert.deepEqual(r.seen.errors, []);
    await r.close();
  });
}

test('a burn says what has not left', async () => {
  const r = await reader(server);
  const { page } = r;
  await r.open();
  await r.live();
  await page.getByRole('button', { name: 'Write' }).click();
  const composer = page.locator('.composer');
  await composer.getByRole('combobox', { name: 'To' }).fill('ben@example.com,');
  await composer.locator('textarea').fill('Wait.');
  await composer.getByRole('button', { name: 'Send' }).click();
  await composer.waitFor({ state: 'detached' });
  const before = far.mails.length;
  await page.getByRole('button', { name: 'Burn' }).first().click();
  await page.locator('.burn').getByText('1 mail has not left yet and will not be sent.').waitFor();
  await axe(r, 'burn with mail that waits');
  await r.shot('burn-waiting');
  await page.locator('.burn .danger').click();
  await page.getByText('Burned at').waitFor();
  assert.equal(far.mails.length, before);
  assert.deepEqual([...r.seen.errors, ...r.seen.foreign, ...r.seen.dialogs], []);
  await r.close();
});

test('at 320 px an error covers no attachment', async () => {
  const r = await reader(server, { size: NARROW });
  const { page } = r;
  await r.open();
  await r.live();
  await page.getByRole('button', { name: 'Write' }).click();
  const composer = page.locator('.composer');
  await composer.getByRole('combobox', { name: 'To' }).fill('ben@example.com,');
  await composer.getByRole('button', { name: 'Cc, Bcc' }).click();
  await composer.getByRole('combobox', { name: 'Cc', exact: true }).fill('no address at all but really long text without an end,');
  await composer.locator('textarea').fill('W'.repeat(600));
  await composer.locator('input[type=file]').setInputFiles(['a.txt', 'b.txt', 'c.txt'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('x') })));
  await composer.getByText('Draft saved').waitFor();
  await composer.locator('.above').click();
  const alert = composer.getByRole('alert');
  await alert.waitFor();
  const box = (l) => l.evaluate((e) => { const { top, bottom } = e.getBoundingClientRect(); return { top, bottom }; });
  const [said, fields] = [await box(alert), await box(composer.locator('.fields'))];
  assert.ok(said.top >= fields.top && said.bottom <= fields.bottom, 'it is seen');
  await r.shot('compose-narrow-error');
  const last = composer.locator('.files li').last();
  assert.ok((await box(last)).bottom <= said.top + 1, 'above it all attachments lie');
  await composer.locator('.files li').first().evaluate((e) => e.scrollIntoView({ block: 'nearest' }));
  const [first, now] = [await box(composer.locator('.files li').first()), await box(composer.locator('.fields'))];
  assert.ok(first.top >= now.top && first.bottom <= now.bottom && now.bottom - now.top > 400, 'and all but the head and the foot scrolls');
  await r.close();
});

test('the way off a list is taken on the reader’s word', async () => {
  const r = await reader(server);
  const { page } = r;
  const address = await r.open();
  await r.live();
  await server.send(address, mail({ from: 'List <l@list.example>', subject: 'News', text: 'News' }).replace('Subject:', 'List-Unsubscribe: <https://list.example/off>, <mailto:off@list.example?subject=off>\r\nSubject:'));
  await r.row('News').click();
  await page.getByRole('button', { name: 'Unsubscribe' }).click();
  await page.getByText('This opens a page of list.example').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Open the page' }).getAttribute('rel'), 'noopener noreferrer nofollow');
  await r.shot('unsubscribe');
  await page.getByRole('button', { name: 'Write the mail' }).click();
  await page.locator('.composer .who', { hasText: 'off@list.example' }).waitFor();
  assert.equal(await page.locator('.composer').getByPlaceholder('Subject').inputValue(), 'off');
  assert.deepEqual([...r.seen.errors, ...r.seen.foreign], []);
  await r.close();
});

/** A reply-only server without DNS, where a box may live for seconds: nobody is proven there. */
const CLOSE = ['box.min_ttl=1s'];
const tokenOf = (page) => {
  let token = '';
  page.on('request', (q) => (token = q.headers()['authorization'] ?? token));
  return () => token;
};

test('who cannot be answered is said before an answer is written', async () => {
  const own = await serve(...CLOSE, ...far.options);
  const r = await reader(own, { size: NARROW, theme: 'dark', bypassCSP: true });
  const { page } = r;
  const address = await r.open();
  await r.live();
  await own.send(address, mail(LETTER));
  await r.row('Lunch').click();
  await page.locator('.answers').getByRole('button', { name: 'Reply', exact: true }).click();
  const composer = page.locator('.composer');
  await composer.getByRole('alert').getByText('could not be proven that this mail came from anna@example.com').waitFor();
  await composer.locator('textarea').fill('In vain.');
  assert.ok(await composer.getByRole('alert').isVisible() && (await composer.locator('.above').isDisabled()), 'also while it is written');
  await axe(r, 'a reply that cannot be sent');
  await r.shot('compose-unproven');
  await composer.locator('.who button').click();
  await composer.getByRole('alert').waitFor({ state: 'detached' });
  assert.deepEqual([...r.seen.errors, ...r.seen.foreign, ...r.seen.dialogs], []);
  await r.close();
  await own.close();
});

test('a server without a way out says so before an answer is written', async () => {
  const own = await serve('send.policy=open');
  const r = await reader(own, { size: NARROW, bypassCSP: true });
  const { page } = r;
  const address = await r.open();
  await r.live();
  await own.send(address, mail({ ...LETTER, text: 'Hello,\n'.repeat(80) }));
  await r.row('Lunch').click();
  await page.locator('.answers').getByRole('button', { name: 'Reply', exact: true }).click();
  const said = page.locator('.composer').getByRole('alert').getByText('anna@example.com');
  await said.waitFor();
  await page.locator('.composer textarea').fill('In vain.');
  await page.locator('.composer').getByText('Draft saved').waitFor();
  assert.ok(await said.isVisible(), 'also while it is written');
  await axe(r, 'a reply without a way out');
  await r.close();
  await own.close();
});

test('a draft with formatting keeps it as long as its text is not changed', async () => {
  const r = await reader(server, { size: NARROW, bypassCSP: true });
  const { page } = r;
  const token = tokenOf(page), before = far.mails.length;
  await hurry(page);
  const address = await r.open();
  await r.live();
  await server.send(address, mail(LETTER));
  await r.row('Lunch').waitFor();
  const headers = { authorization: token(), 'content-type': 'application/json' };
  for (const subject of ['As it is', 'Changed']) assert.equal((await fetch(`${server.base}api/v1/mailbox/drafts`, { method: 'POST', headers, body: JSON.stringify({ to: ['ben@example.com'], subject, text: 'Bold words', html: '<b>Bold</b> words' }) })).status, 201);
  await page.locator('.folder', { hasText: 'Drafts' }).click();
  const composer = page.locator('.composer');
  await r.row('As it is').click();
  await composer.getByText('formatting that is not shown').waitFor();
  await axe(r, 'a draft with formatting');
  await r.shot('compose-formatted');
  await page.keyboard.press('Control+Enter');
  assert.match((await arrival(before + 1)).text, /<b>Bold<\/b> words/);
  await r.row('Changed').click();
  await composer.locator('textarea').fill('Other words');
  await composer.getByText('goes as plain text').waitFor();
  await page.keyboard.press('Control+Enter');
  assert.doesNotMatch((await arrival(before + 2)).text, /text\/html|Bold/);
  assert.deepEqual([...r.seen.errors, ...r.seen.foreign, ...r.seen.dialogs], []);
  await r.close();
});

for (const [size, theme] of [[WIDE, 'light'], [NARROW, 'dark']]) {
  test(`what cannot be sent is kept, and stays when its address ends, at ${size.width} px, ${theme}`, async () => {
    const own = await serve('send.policy=open', 'send.mails_per_day=1', ...CLOSE, ...far.options);
    const r = await reader(own, { size, theme, bypassCSP: true });
    const { page } = r;
    const token = tokenOf(page);
    await hurry(page);
    await r.open();
    await r.live();
    const api = async (path, more = {}) => (await fetch(`${own.base}api/v1/mailbox${path}`, { ...more, headers: { authorization: token(), 'content-type': 'application/json' } })).json();
    const drafts = async () => (await api('/messages?folder=Drafts')).messages;
    const composer = page.locator('.composer');
    const write = async (text) => {
      await page.getByRole('button', { name: 'Write' }).first().click();
      await composer.getByRole('combobox', { name: 'To' }).fill('ben@example.com,');
      await composer.locator('textarea').fill(text);
      await page.keyboard.press('Control+Enter');
    };
    await write('The first.');
    await composer.waitFor({ state: 'detached' });
    await write('One too many.');
    await composer.getByRole('alert').getByText('has sent all it may').waitFor();
    await composer.getByText('Draft saved').waitFor();
    assert.match((await drafts())[0].intro, /One too many/);
    await r.context.setOffline(true);
    await composer.locator('textarea').fill('One too many. Off line.');
    assert.equal(await composer.getByText('Draft saved').count(), 0, 'what is not saved is not said to be');
    await page.keyboard.press('Control+Enter');
    await composer.getByText('Draft not saved').waitFor();
    await r.context.setOffline(false);
    await composer.getByText('Draft saved').waitFor({ timeout: 4_000 });
    assert.match((await drafts())[0].intro, /Off line/);
    await api('', { method: 'PATCH', body: '{"ttl":5}' });
    await composer.getByText('No answer comes after that').waitFor();
    await axe(r, 'a composer whose address ends soon');
    await r.shot('compose-soon');
    await composer.getByRole('alert').getByText('The address has ended').waitFor({ timeout: 10_000 });
    assert.equal(await composer.locator('textarea').inputValue(), 'One too many. Off line.');
    assert.ok(await composer.locator(size === NARROW ? '.above' : '.bottom').isDisabled());
    await composer.getByRole('button', { name: 'Copy text' }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'One too many. Off line.');
    await axe(r, 'a composer whose address ended');
    await r.shot('compose-ended');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Keep the draft' }).click();
    assert.equal(await composer.locator('textarea').inputValue(), 'One too many. Off line.');
    assert.deepEqual([...r.seen.errors, ...r.seen.foreign, ...r.seen.dialogs], []);
    await r.close();
    await own.close();
  });
}
