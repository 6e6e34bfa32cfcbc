// Everything without a pointer; and without JavaScript at all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, mail, NARROW, reader, serve } from './lib.mjs';

let server;
before(async () => void (server = await serve()));
after(async () => (await closeBrowser(), await server.close()));

test('the keyboard alone does it all', async () => {
  const r = await reader(server);
  const { page } = r;
  const key = (k) => page.keyboard.press(k);
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  const address = await r.open();
  await r.live();
  await server.send(address, mail({ subject: 'First', text: 'one' }));
  await server.send(address, mail({ subject: 'Second', html: '<p>two</p><img src="https://x.example/a.png">', text: 'two' }));
  await server.send(address, mail({ subject: 'Third', text: 'Your login code is 604718' }));
  await r.row('Third').waitFor();

  await key('Tab');
  assert.match(await focused(), /Skip/);
  await key('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
  await key('a');
  await page.getByText('Address copied').first().waitFor();
  assert.equal(await r.clipboard(), address);
  await key('j');
  assert.match(await focused(), /Third/);
  await key('c');
  await page.waitForTimeout(100);
  assert.equal(await r.clipboard(), '604718');
  await key('j');
  await key('k');
  assert.match(await focused(), /Third/);
  await key('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'subject');
  await key('j');
  await page.locator('#subject', { hasText: 'Second' }).waitFor();
  await page.frameLocator('iframe').getByText('two').waitFor();
  await key('i');
  await page.getByText(/Loading asks x\.example/).waitFor();
  await key('t');
  await page.locator('.plain', { hasText: 'two' }).waitFor();
  await key('Escape');
  await page.waitForFunction(() => document.activeElement?.textContent?.includes('Second'));
  await key('x');
  await page.getByText('1 selected').waitFor();
  await key('#');
  await r.row('Second').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).focus();
  await key('Enter');
  await r.row('Second').waitFor();
  await key('/');
  await page.keyboard.type('Third');
  await r.row('First').waitFor({ state: 'detached' });
  await key('Escape');
  await r.row('First').waitFor();
  await key('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await r.shot('keys');
  await key('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await key('n');
  await page.getByRole('dialog', { name: 'New address' }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector('dialog').contains(document.activeElement)), true, 'the focus is in the dialog');
  await page.getByRole('button', { name: 'Make address' }).focus();
  await key('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.waitForFunction((old) => document.querySelector('[data-testid=address]')?.textContent?.trim() !== old, address);
  assert.deepEqual(r.seen.foreign, []);
  await r.close();
});

test('single keys can be turned off, and are off in fields', async () => {
  const r = await reader(server);
  const { page } = r;
  await r.open();
  await page.keyboard.press('n');
  await page.getByText('Choose a name').click();
  await page.getByLabel('Name', { exact: true }).fill('');
  await page.keyboard.type('jnca');
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'jnca');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await r.panel('Settings');
  await page.getByLabel('Single-key shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('n');
  await page.waitForTimeout(200);
  assert.equal(await page.getByRole('dialog').count(), 0);
  await r.close();
});

test('the panic key forgets everything and leaves', async () => {
  const r = await reader(server);
  await r.open();
  for (let i = 0; i < 3; i++) await r.page.keyboard.press('Escape');
  await r.page.waitForURL('about:blank');
  await r.page.goto(`${server.base}robots.txt`);
  assert.equal(await r.page.evaluate(() => localStorage.length), 0);
  await r.close();
});

test('without JavaScript there is /lite', async () => {
  const r = await reader(server, { js: false, size: NARROW });
  await r.page.goto(server.base);
  await r.page.getByRole('link', { name: 'The plain inbox' }).click();
  assert.match(r.page.url(), /\/lite$/);
  const make = r.page.locator('form button, form input[type=submit]').first();
  if (await make.count()) await make.click();
  await r.page.getByText(/@mayfly\.localhost/).first().waitFor();
  const address = /[a-z0-9-]+@mayfly\.localhost/.exec(await r.page.locator('body').innerText())[0];
  const words = await r.page.locator('code').first().innerText();
  await r.page.reload(); /* as people do to look for mail: it posts the form again */
  assert.deepEqual([/[a-z0-9-]+@mayfly\.localhost/.exec(await r.page.locator('body').innerText())[0], await r.page.locator('code').first().innerText()], [address, words]);
  await server.send(address, mail({ subject: 'Plain enough', text: 'Your code is 551207' }));
  await r.page.getByRole('button', { name: /refresh|check|inbox/i }).first().click();
  await r.page.getByText('Plain enough').first().waitFor();
  await r.shot('lite');
  assert.deepEqual(r.seen.foreign, []);
  await r.close();
});
