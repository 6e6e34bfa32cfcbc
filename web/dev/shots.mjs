// Pictures of every state at three widths in two themes, for eyes: node dev/shots.mjs [name part] → ../test-output/shots
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { mock } from './mock.mjs';

const only = process.argv[2] ?? '';
const OUT = new URL('../../test-output/shots/', import.meta.url).pathname;
mkdirSync(OUT, { recursive: true });
const m = mock();
await new Promise((r) => m.server.listen(0, '127.0.0.1', r));
const base = `http://127.0.0.1:${m.server.address().port}/`;
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const SIZES = (process.env.SIZES ?? '320x640,768x1024,1440x900').split(',').map((s) => s.split('x').map(Number));
const THEMES = (process.env.THEMES ?? 'light,dark').split(',');
const LANG = process.env.LANG_ ?? 'en';
const box = () => [...m.boxes.values()].at(-1);
const fill = (n = 7) => [...m.samples].slice(0, n).reverse().forEach((s) => m.deliver(box(), s));
const openMail = async (p, part) => { await p.locator('button.subject', { hasText: part }).click(); await p.waitForTimeout(700); };
const sheet = async (p, name) => {
  const wide = p.locator('nav.wide button', { hasText: name });
  if (await wide.isVisible()) await wide.click();
  else { await p.locator('button.narrow').click(); await p.locator('.menu button', { hasText: name }).click(); }
  await p.waitForTimeout(450);
};
const shots = {
  waiting: async () => {},
  hints: async (p) => { await p.clock.fastForward(25000); await p.waitForTimeout(100); },
  one: async () => { m.deliver(box(), m.samples[0]); },
  list: async () => fill(),
  reader: async (p) => { fill(); await p.waitForTimeout(200); await openMail(p, 'verification'); },
  text: async (p) => { fill(); await p.waitForTimeout(200); await openMail(p, 'verification'); await p.getByRole('tab', { name: 'Text' }).click(); },
  headers: async (p) => { fill(); await p.waitForTimeout(200); await openMail(p, 'Invoice'); await p.getByRole('tab', { name: 'Headers' }).click(); await p.waitForTimeout(300); },
  files: async (p) => { fill(); await p.waitForTimeout(200); await openMail(p, 'Invoice'); },
  phish: async (p) => { fill(); await p.waitForTimeout(200); await openMail(p, 'Unusual'); },
  select: async (p) => { fill(); await p.waitForTimeout(200); await p.locator('.pick input').nth(1).check({ force: true }); await p.locator('.pick input').nth(2).check({ force: true }); },
  undo: async (p) => { fill(); await p.waitForTimeout(200); await p.locator('.pick input').nth(1).check({ force: true }); await p.locator('.bulk .end').click(); await p.waitForTimeout(300); },
  burn: async (p) => { fill(3); await p.locator('.acts .end').click(); },
  ended: async (p) => { fill(3); await p.locator('.acts .end').click(); await p.locator('.danger').click(); },
  offline: async (p) => { fill(); await p.waitForTimeout(200); m.flags.down = true; m.cut(); await p.waitForTimeout(3800); },
  dusk: async (p) => { box().expires = Date.now() + 5 * 60e3; m.tell(box(), { type: 'mailbox.changed', expires_at: new Date(box().expires).toISOString() }); },
  addresses: async (p) => { m.flags.services = true; await sheet(p, 'My addresses'); },
  new: async (p) => { await p.locator('.acts button').nth(1).click(); await p.waitForTimeout(400); },
  extend: async (p) => { await p.locator('.acts button').first().click(); await p.waitForTimeout(400); },
  qr: async (p) => { await p.locator('.acts button').nth(2).click(); await p.waitForTimeout(500); },
  recovery: (p) => sheet(p, 'Recovery'),
  connect: async (p) => { m.flags.services = true; await p.reload(); await p.waitForTimeout(500); await sheet(p, 'Connect'); },
  settings: (p) => sheet(p, 'Settings'),
  about: (p) => sheet(p, 'Privacy'),
  keys: async (p) => { await p.keyboard.press('?'); await p.waitForTimeout(400); },
  openaddr: async (p) => { await sheet(p, 'My addresses'); await p.getByRole('button', { name: 'Open an address from elsewhere' }).click(); await p.waitForTimeout(400); },
  limited: async (p) => { m.flags.limited = true; await p.evaluate(() => localStorage.clear()); await p.reload(); await p.waitForTimeout(600); m.flags.limited = false; },
  print: async (p) => { fill(); await p.waitForTimeout(200); await openMail(p, 'verification'); await p.emulateMedia({ media: 'print' }); },
  full: async (p) => { for (let i = 0; i < 130; i++) m.deliver(box(), { ...m.samples[i % 7], ago: i * 60000 }); await p.waitForTimeout(500); },
  zoom: async (p) => { fill(); await p.setViewportSize({ width: 320, height: 256 }); await openMail(p, 'verification'); },
  menu: async (p) => { const b = p.locator('button.narrow'); if (await b.isVisible()) await b.click(); await p.waitForTimeout(400); },
};
for (const [name, act] of Object.entries(shots)) {
  if (only && !only.split(',').includes(name)) continue;
  for (const [w, h] of SIZES)
    for (const theme of THEMES) {
      m.flags.down = false;
      const c = await browser.newContext({ viewport: { width: w, height: h }, colorScheme: theme, locale: LANG, reducedMotion: name === 'hints' ? 'reduce' : 'no-preference', hasTouch: w < 500, permissions: ['clipboard-write'] });
      const p = await c.newPage();
      p.on('console', (x) => ['error', 'warning'].includes(x.type()) && console.log(name, w, theme, x.text().slice(0, 300)));
      p.on('pageerror', (e) => console.log(name, 'PAGEERROR', e.message));
      if (name === 'hints') await p.clock.install();
      await p.goto(base);
      await p.locator('[data-testid=address]').waitFor();
      await p.waitForTimeout(400);
      try { await act(p); } catch (e) { console.log(name, w, theme, String(e).slice(0, 400)); }
      await p.waitForTimeout(350);
      const over = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) console.log(name, w, theme, 'overflows by', over);
      await p.screenshot({ path: `${OUT}${name}-${w}-${theme}.png` });
      await c.close();
    }
}
await browser.close();
m.server.close();
process.exit(0);
