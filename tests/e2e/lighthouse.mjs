// node lighthouse.mjs FOLDER: FOLDER has lighthouse installed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serve } from './lib.mjs';

const RUNS = 5, LEAST = 0.95, GATED = ['performance', 'accessibility'];
const from = createRequire(join(process.argv[2], 'package.json'));
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const { default: lighthouse } = await load('lighthouse');
const { launch } = await load('chrome-launcher');

const server = await serve();
const scores = {};
let failed = 0;
try {
  for (let i = 0; i < RUNS; i++) {
    const chrome = await launch({ chromePath: process.env.CHROMIUM ?? '/usr/bin/chromium', chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu'] });
    const { lhr } = await lighthouse(server.base, { port: chrome.port, onlyCategories: [...GATED, 'best-practices', 'seo'] });
    await chrome.kill();
    for (const [name, c] of Object.entries(lhr.categories)) (scores[name] ??= []).push(c.score);
    if (process.env.VERBOSE) for (const a of Object.values(lhr.audits)) if (a.score !== null && a.score < 0.9) console.log(a.id, a.score, a.displayValue ?? '');
  }
} finally {
  await server.close();
}
for (const [name, all] of Object.entries(scores)) {
  const median = all.sort((a, b) => a - b)[RUNS >> 1];
  if (GATED.includes(name) && median < LEAST) failed++;
  console.log(`NOTE ${name}: ${median * 100} (${all.map((s) => Math.round(s * 100)).join(' ')})`);
}
console.log(`${GATED.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
