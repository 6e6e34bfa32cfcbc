// The whole story, as a new user would live it: wide and light, narrow and dark.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { closeBrowser, mail, NARROW, reader, serve, WIDE } from './lib.mjs';

let server;
before(async () => void (server = await serve()));
after(async () => (await closeBrowser(), await server.close()));

const PDF = Buffer.concat([Buffer.from('%PDF-1.4\n'), Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 251))]);
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');
const WELCOME = {
  from: 'Example <no-reply@example.com>', subject: 'Your verification code',
  text: 'Your verification code is 739204. It is valid for ten minutes.',
  html: '<html><head><style>h1{color:#135}</style></head><body><h1>Welcome</h1><p>Your verification code is <b>739204</b>.</p><p><a href="https://example.com/confirm?t=abc">Confirm your address</a></p><img src="https://img.example.com/banner.png" width="400" height="100" alt="Banner"><img src="https://track.example.com/open.gif?u=1" width="1" height="1"><img src="cid:logo@x" width="32" height="32" alt="Logo"></body></html>',
  files: [{ name: 'terms.pdf', type: 'application/pdf', body: PDF }, { cid: 'logo@x', type: 'image/png', body: PNG }],
};

for (const [size, theme] of [[WIDE, 'light'], [NARROW, 'dark']]) {
  test(`the story at ${size.width} px, ${theme}`, async () => {
    const r = await reader(server, { size, theme });
    const { page } = r;
    const narrow = size === NARROW;
    const address = await r.open();
    assert.match(address, /^[a-z0-9-]+@mayfly\.localhost$/);
    await page.getByRole('button', { name: 'Copy address' }).first().click();
    assert.equal(await r.clipboard(), address);
    await page.getByText('Listening', { exact: true }).waitFor();
    await r.live();
    await r.shot('waiting');

    await server.send(address, mail(WELCOME));
    const chip = page.locator('.rows .code');
    await chip.waitFor({ timeout: 10_000 });
    assert.match(await page.title(), /^\(1\) 739.204/);
    await r.shot('one');
    await chip.click();
    assert.equal(await r.clipboard(), '739204');
    assert.equal(await page.locator('#subject').count(), 0, 'copying a code opens nothing');

    await r.row('Your verification code').click();
    await page.locator('#subject').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'subject');
    assert.match(await page.locator('[data-testid=code]').textContent(), /739.204/);
    const frame = page.frameLocator('iframe');
    await frame.getByRole('heading', { name: 'Welcome' }).waitFor();
    assert.equal(await page.locator('iframe').getAttribute('sandbox'), 'allow-popups allow-popups-to-escape-sandbox');
    await page.getByText('2 remote items blocked, 1 looks like a tracker').waitFor();
    assert.equal(await frame.locator('img[alt=Logo]').evaluate((i) => i.naturalWidth), 1, 'the inline picture shows');
    assert.deepEqual(r.seen.foreign, []);
    await r.shot('reader');

    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: /terms\.pdf/ }).click();
    const file = await saved;
    assert.equal(file.suggestedFilename(), 'terms.pdf');
    assert.deepEqual(await readFile(await file.path()), PDF);

    await page.context().route(/example\.com/, (x) => x.fulfill({ contentType: 'image/png', body: PNG }));
    await page.getByRole('button', { name: 'Load once' }).click();
    await page.getByText(/tells them that you read this mail/).waitFor();
    await r.shot('load-remote');
    await page.getByRole('button', { name: 'Load this time' }).click();
    await page.getByText('looked like a tracker stayed blocked').waitFor();
    await frame.locator('img[alt=Banner]').waitFor();
    await page.waitForFunction(() => true);
    for (let i = 0; i < 40 && r.seen.foreign.length === 0; i++) await page.waitForTimeout(50);
    assert.deepEqual(r.seen.foreign, ['https://img.example.com/banner.png']);
    await page.keyboard.press('Escape');
    await page.locator('#subject').waitFor({ state: 'detached' });

    await r.panel('Recovery');
    await page.locator('.words li').first().waitFor();
    const words = (await page.locator('.words .mono').allTextContents()).join(' ');
    assert.equal(words.split(' ').length, 12);
    await r.shot('recovery');
    await page.getByRole('button', { name: 'Close' }).click();

    const other = await reader(server, { size, theme });
    await other.open();
    await other.panel('My addresses');
    await other.page.getByRole('button', { name: 'Open an address from elsewhere' }).click();
    await other.page.getByLabel('Recovery words', { exact: true }).last().fill(words);
    await other.page.getByRole('button', { name: 'Open', exact: true }).click();
    await other.row('Your verification code').waitFor();
    assert.equal(await other.address(), address);

    await page.getByRole('button', { name: 'Extend' }).click();
    await page.getByRole('button', { name: '10 more minutes' }).click();
    await page.locator('.life strong', { hasText: narrow ? /./ : /69 minutes left|1 hour/ }).waitFor();
    await page.getByText(/Lives until/).first().waitFor();
    await other.page.locator('.life strong', { hasText: /69 minutes left/ }).waitFor();

    await page.getByRole('button', { name: 'Burn', exact: true }).click();
    await page.getByText('The address and its 1 mail end now. Nobody can bring them back.').waitFor();
    await r.shot('burn');
    await page.getByRole('button', { name: 'Burn it now' }).click();
    await page.getByText(/Burned at .* 1 mail is gone for good/).waitFor();
    await r.shot('ended');
    await other.page.getByRole('heading', { name: 'This address ended' }).waitFor();
    await assert.rejects(server.send(address, mail(WELCOME)), /550/);

    await other.page.getByRole('button', { name: /^New address|^Open / }).first().click();
    assert.notEqual(await other.address(), address);
    await r.page.reload();
    await page.locator('[data-testid=address]').waitFor();
    assert.notEqual(await r.address(), address, 'a burned address does not come back');
    assert.deepEqual([...r.seen.errors, ...other.seen.errors, ...r.seen.dialogs], []);
    assert.ok(!r.seen.requests.some((u) => u.includes('mf1_')), 'no token in an address');
    await r.close();
    await other.close();
  });
}
