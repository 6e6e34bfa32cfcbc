// Where the reader is, and stays: over a reload, the back button, a deletion, a lost line and a hurry of Esc.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, mail, NARROW, reader, serve } from './lib.mjs';

let server;
before(async () => void (server = await serve()));
after(async () => (await closeBrowser(), await server.close()));

/** A reader with these mails; the newest, on top, is the last. */
async function withMail(subjects, how = {}) {
  const r = await reader(server, how);
  const address = await r.open();
  await r.live();
  for (const subject of subjects) await server.send(address, mail({ subject, text: `${subject} and more` }));
  await r.row(subjects.at(-1)).waitFor();
  return { ...r, box: address, subject: (text) => r.page.locator('#subject', { hasText: text }), focused: () => r.page.evaluate(() => document.activeElement?.textContent?.trim() ?? '') };
}

test('a reload keeps the mail and the folder; back leads to the list', async () => {
  const r = await withMail(['One', 'Two']);
  await r.row('One').click();
  await r.subject('One').waitFor();
  await r.page.reload();
  await r.subject('One').waitFor();
  await r.page.locator('.plain', { hasText: 'One and more' }).waitFor();
  assert.equal(new URL(r.page.url()).hash, '', 'no mail in the address');
  await r.page.goBack();
  await r.subject('One').waitFor({ state: 'detached' });
  await r.page.locator('.folder', { hasText: 'Junk' }).click();
  await r.page.getByText('No junk').waitFor();
  await r.page.reload();
  await r.page.locator('.folder[aria-pressed=true]', { hasText: 'Junk' }).waitFor();
  assert.deepEqual(r.seen.errors, []);
  await r.close();
});

test('a panel has an address; a reload keeps it, back closes it', async () => {
  const r = await reader(server);
  await r.page.goto(`${server.base}#about`);
  await r.page.getByRole('dialog', { name: 'Privacy and status' }).waitFor();
  await r.page.reload();
  await r.page.getByRole('dialog', { name: 'Privacy and status' }).waitFor();
  await r.page.goBack();
  await r.page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(new URL(r.page.url()).hash, '');
  await r.page.goto(`${server.base}#nonsense`);
  await r.page.locator('[data-testid=address]').waitFor();
  assert.equal(await r.page.getByRole('dialog').count(), 0);
  await r.close();
});

test('after a deletion the focus is on the mail that took its place; z brings the mail back', async () => {
  const r = await withMail(['Low', 'Mid', 'Top']);
  await r.row('Mid').click();
  await r.subject('Mid').waitFor();
  await r.page.getByRole('button', { name: 'Delete', exact: true }).click();
  await r.row('Mid').waitFor({ state: 'detached' });
  await r.page.waitForFunction(() => document.activeElement?.textContent?.includes('Low'));
  await r.page.keyboard.press('z');
  await r.row('Mid').waitFor();
  await r.page.waitForTimeout(5500);
  await r.page.reload();
  await r.row('Mid').waitFor();
  await r.row('Low').focus();
  await r.page.keyboard.press('#');
  await r.page.waitForFunction(() => document.activeElement?.textContent?.includes('Mid'));
  await r.close();
});

const onServer = (r) => r.page.evaluate(async () => {
  const [{ token }] = JSON.parse(localStorage.getItem('mayfly.boxes'));
  return (await (await fetch('/api/v1/mailbox/messages', { headers: { Authorization: `Bearer ${token}` } })).json()).messages.map((m) => m.subject);
});

test('what was deleted does not come back with a reload in the time for an undo', async () => {
  const all = ['Five', 'Four', 'Three', 'Two', 'One'];
  const r = await withMail([...all, 'Stays']);
  for (const [n, subject] of all.entries()) {
    await r.row(subject).focus();
    await r.page.keyboard.press('#');
    await r.row(subject).waitFor({ state: 'detached' });
    await r.page.reload();
    await r.row('Stays').waitFor();
    await r.live();
    assert.equal(await r.row(subject).count(), 0, subject);
    assert.equal((await onServer(r)).length, all.length - n, subject);
  }
  assert.equal(await r.page.evaluate(() => localStorage.getItem('mayfly.going')), '[]');
  await r.close();
});

test('a deletion that no network takes when the page goes is done by the next page', async () => {
  const r = await withMail(['Secret', 'Stays']);
  await r.page.addInitScript(() => {
    const real = window.fetch;
    window.fetch = (what, how) => (how?.method === 'DELETE' && localStorage.getItem('test.cut') ? Promise.reject(new TypeError('cut')) : real(what, how));
  });
  await r.page.reload();
  await r.live();
  await r.page.evaluate(() => localStorage.setItem('test.cut', '1'));
  await r.row('Secret').focus();
  await r.page.keyboard.press('#');
  await r.row('Secret').waitFor({ state: 'detached' });
  await r.page.reload();
  await r.row('Stays').waitFor();
  await r.live();
  assert.equal(await r.row('Secret').count(), 0);
  assert.deepEqual((await onServer(r)).sort(), ['Secret', 'Stays']);
  await r.page.evaluate(() => localStorage.removeItem('test.cut'));
  await r.page.reload();
  await r.row('Stays').waitFor();
  assert.deepEqual(await onServer(r), ['Stays']);
  await r.close();
});

test('a mail opened without a network is there once the line is up', async () => {
  const r = await withMail(['Asked for', 'Open']);
  await r.row('Open').click();
  await r.page.locator('.plain', { hasText: 'Open and more' }).waitFor();
  await r.context.setOffline(true);
  await r.page.locator('.pill.offline').waitFor();
  await r.row('Asked for').click();
  await r.page.locator('.failed').waitFor();
  await r.page.getByText('What is on screen stays; other mail opens').waitFor();
  await r.context.setOffline(false);
  await r.page.locator('.plain', { hasText: 'Asked for and more' }).waitFor();
  await r.close();
});

test('a toast waits while the pointer is on it', async () => {
  const r = await withMail(['Held']);
  await r.row('Held').focus();
  await r.page.keyboard.press('#');
  await r.page.getByRole('button', { name: 'Undo' }).hover();
  await r.page.waitForTimeout(5600);
  await r.page.getByRole('button', { name: 'Undo' }).click();
  await r.row('Held').waitFor();
  await r.close();
});

test('Esc pressed in a hurry closes what is open and forgets nothing', async () => {
  const r = await withMail(['Kept']);
  await r.row('Kept').click();
  await r.subject('Kept').waitFor();
  await r.panel('Settings');
  await r.page.getByRole('dialog').waitFor();
  await r.page.keyboard.press('Escape');
  await r.page.getByRole('dialog').waitFor({ state: 'detached' });
  await r.page.keyboard.press('Escape');
  await r.page.keyboard.press('Escape');
  await r.page.waitForTimeout(200);
  assert.match(await r.page.evaluate(() => localStorage.getItem('mayfly.boxes')), /mf1_/);
  await r.close();
});

test('on a phone a mail that comes while another is read can be reached at once', async () => {
  const r = await withMail(['Being read'], { size: NARROW });
  await r.row('Being read').click();
  await r.subject('Being read').waitFor();
  await server.send(r.box, mail({ subject: 'Just in', text: 'x' }));
  await r.page.getByText(/New mail from Example: Just in/).first().waitFor();
  assert.ok(await r.subject('Being read').isVisible());
  await r.shot('toast-while-reading');
  await r.page.getByRole('button', { name: 'Show', exact: true }).click();
  await r.subject('Just in').waitFor();
  await r.close();
});

test('a mail that arrives moves neither the focus nor the page of who is reading', async () => {
  const r = await reader(server, { size: NARROW });
  const address = await r.open();
  await r.live();
  await server.send(address, mail({ subject: 'Long one', text: 'A line of text\n'.repeat(200) }));
  await r.row('Long one').click();
  await r.page.locator('.plain').waitFor();
  const save = r.page.getByRole('button', { name: 'Save as .eml' });
  await save.focus();
  await r.page.evaluate(() => scrollTo(0, 900));
  await server.send(address, mail({ subject: 'Another', text: 'x' }));
  await r.page.getByText(/New mail from Example: Another/).first().waitFor();
  await r.page.waitForTimeout(1800);
  assert.equal(await r.page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Save as .eml');
  assert.equal(await r.page.evaluate(() => scrollY), 900);
  await r.close();
});

test('a mail deleted elsewhere says so instead of failing', async () => {
  const r = await withMail(['Here', 'Gone']);
  await r.page.route('**/api/v1/mailbox/messages/*', (x) => (x.request().method() === 'GET' ? x.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"status":404,"code":"not_found"}' }) : x.continue()));
  await r.row('Gone').click();
  await r.page.getByText('This mail is not here any more').first().waitFor();
  await r.row('Gone').waitFor({ state: 'detached' });
  await r.close();
});

test('a lost line is said once, shown until it is up again, and heals', async () => {
  const own = await serve();
  const r = await reader(own);
  await r.open();
  await r.live();
  await own.halt();
  const banner = r.page.locator('div.lost');
  await banner.waitFor({ timeout: 15_000 });
  assert.equal(await banner.getAttribute('role'), null, 'the ticking seconds are no live region');
  await r.page.getByRole('button', { name: 'Try again' }).click();
  await r.page.waitForTimeout(300);
  assert.ok(await banner.isVisible(), 'an attempt that fails does not make it flicker');
  await own.again();
  await r.page.getByRole('button', { name: 'Try again' }).click({ timeout: 2000 }).catch(() => undefined); /* it may have healed by itself meanwhile */
  await r.live();
  await banner.waitFor({ state: 'detached' });
  await r.close();
  await own.close();
});

test('the last minute offers more time', async () => {
  const own = await serve('box.min_ttl=1s');
  const r = await reader(own);
  await r.open();
  const made = await r.page.evaluate(async () => (await fetch('/api/v1/mailboxes', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"ttl":63}' })).json());
  await r.page.evaluate((m) => localStorage.setItem('mayfly.boxes', JSON.stringify([{ id: m.id, address: m.address, token: m.token, recovery: '', expiresAt: Date.parse(m.expires_at) }])), made);
  await r.page.reload();
  await r.page.getByText('ends in less than a minute').first().waitFor({ timeout: 10_000 });
  await r.page.locator('.toast').getByRole('button', { name: 'Extend' }).click();
  await r.page.getByRole('dialog', { name: 'How long should it live?' }).waitFor();
  await r.close();
  await own.close();
});
