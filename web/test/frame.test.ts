// The wash against markup made to break washes. In jsdom nothing loads or runs; that nothing does in a real browser is
// tests/e2e's to show. Here every case must come out without anything that could.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { cleanMail, inlinePictures } from '../src/frame';

const none = { images: false, links: true, cid: new Map<string, string>() };
const parse = (html: string): Document => new DOMParser().parseFromString(html, 'text/html');

/** Why a washed document is not harmless; empty when it is. */
function harm(html: string): string[] {
  const out: string[] = [];
  for (const el of parse(html).querySelectorAll('*')) {
    const tag = el.nodeName.toLowerCase();
    if (/^(script|iframe|frame|object|embed|form|input|button|base|link|svg|math|template|portal|meta|noscript|audio|video|source|track)$/.test(tag))
      if (!(tag === 'meta' && ['viewport', 'referrer', null].includes(el.getAttribute('name')) && !el.hasAttribute('http-equiv'))) out.push(`<${tag}>`);
    for (const a of el.attributes) {
      const v = a.value.replace(/[\s\u0000-\u001f]/g, '').toLowerCase();
      if (a.name.startsWith('on') || a.name === 'srcdoc' || a.name === 'srcset' || a.name === 'ping' || a.name === 'formaction') out.push(`${tag}[${a.name}]`);
      if (/^(javascript|vbscript|data:text|data:image\/svg)/.test(v) && a.name !== 'title' && a.name !== 'alt') out.push(`${tag}[${a.name}=${v.slice(0, 30)}]`);
      if (['src', 'background', 'poster', 'data', 'xlink:href'].includes(a.name) && !v.startsWith('data:image/')) out.push(`${tag}[${a.name}]`);
      if (a.name === 'style' && /url|expression|import|binding|behavior|\\/.test(v)) out.push(`style ${v}`);
      if (a.name === 'href' && (tag !== 'a' || !/^(https?:|mailto:|tel:)/.test(v))) out.push(`${tag}[href=${v}]`);
    }
    if (tag === 'style' && /url\(|@import|expression|<|\\/.test(el.textContent ?? '')) out.push('style element');
  }
  return out;
}

describe('the wash', () => {
  it('keeps what lays out a mail', () => {
    const { html } = cleanMail('<body bgcolor="#eee"><table width="600" align="center"><tr><td style="padding:8px;color:#333">Hi <b>you</b> <a href="https://e.test/x">go</a></td></tr></table></body>', none);
    expect(html).toContain('bgcolor="#eee"');
    expect(html).toContain('style="padding:8px;color:#333"');
    expect(html).toContain('<a href="https://e.test/x" title="https://e.test/x" target="_blank" rel="noopener noreferrer nofollow">go</a>');
  });
  it('of junk lets no link lead anywhere, and says where it would', () => {
    const { html } = cleanMail('<a href="https://e.test/x" target="_top" title="Your bank"><b>go</b></a> <a href="mailto:a@e.test">write</a> <map><area href="https://e.test/y"></map>', { ...none, links: false });
    expect(html).toContain('<a title="https://e.test/x"><b>go</b></a> <a title="mailto:a@e.test">write</a>');
    expect(html).not.toMatch(/href|target=/);
    expect(harm(html)).toEqual([]);
  });
  it('keeps style from the head, cut down', () => {
    const { html, blocked } = cleanMail('<html><head><style>@import url(//e.test/x);h1{color:red;background:url(http://e.test/b.png)}</style></head><body><h1>x</h1></body></html>', none);
    expect(html).toContain('h1{color:red}');
    expect(blocked.remote).toBe(1);
    expect(harm(html)).toEqual([]);
  });
  it('blocks and counts what would load, trackers apart', () => {
    const { html, blocked } = cleanMail('<img src="https://a.test/1.png" width=300><img src="//b.test/p.gif" width="1" height="1"><img src="https://c.test/wf/open?u=1"><table><td background="http://d.test/bg.png"></table><img srcset="https://e.test/2x.png 2x" src="https://a.test/1.png"><video src="https://f.test/v.mp4" poster="https://f.test/p.png"></video>', none);
    expect(blocked).toEqual({ remote: 4, trackers: 2, hosts: ['a.test', 'b.test', 'c.test', 'd.test'] });
    expect(harm(html)).toEqual([]);
  });
  it('leaves a box of its size, with its words, where a picture stays away', () => {
    const { html } = cleanMail('<p>a</p><img src="https://a.test/1.png" width="520" height="50%" style="border-radius:4px;background:url(//b.test/x)" alt="Sale <b>" onerror="x()"><p>b</p>', none);
    expect(html).toContain('<p>a</p><span class="mayfly-blocked" style="width:520px;height:50%;border-radius:4px">Sale &lt;b&gt;</span><p>b</p>');
    expect(html).not.toContain('<img');
    expect(harm(html)).toEqual([]);
  });
  it('sets no empty style: the page’s policy would complain', () => {
    const set = vi.spyOn(Element.prototype, 'setAttribute');
    cleanMail('<img src="https://a.test/1.png" alt="Sale">', none);
    expect(set.mock.calls.filter(([name]) => name === 'style')).toEqual([]);
    set.mockRestore();
  });
  it('loads pictures when asked, but no tracker', () => {
    const { html } = cleanMail('<img src="https://a.test/1.png"><img src="https://b.test/p.gif" width="1" height="1">', { ...none, images: true });
    expect(html).toContain('src="https://a.test/1.png"');
    expect(html).not.toContain('b.test');
  });
  it.each([
    '<img src="https://t.test/a.png" style="width:0.06em;height:0.06em">',
    '<img src="https://t.test/a.png" style="max-width:1pt">',
    '<img src="https://t.test/a.png" style="opacity:0.0">',
    '<div style="width:1px;height:1px;background-image:url(https://t.test/a.png)"></div>',
    '<td width="1" style="background:url(https://t.test/a.png)"></td>',
  ])('finds a tracker in %s', (html) => {
    const clean = cleanMail(`<table><tr>${html}</tr></table>`.replace(/<table><tr>(?!<td)/, '<p>'), { ...none, images: true });
    expect(clean.blocked.trackers).toBe(1);
    expect(clean.html).not.toContain('t.test');
  });
  it('takes no picture for a tracker that can be seen', () => {
    const { html, blocked } = cleanMail('<img src="https://a.test/1.png" style="width:20em;opacity:0.5;line-height:1px"><div style="min-height:40px;background:url(https://a.test/2.png)">x</div>', { ...none, images: true });
    expect(blocked.trackers).toBe(0);
    expect(html).toContain('1.png');
    expect(html).toContain('2.png');
  });
  it('puts inline pictures in as data, and only pictures', () => {
    const cid = new Map([['logo@x', 'data:image/png;base64,AAAA'], ['evil@x', 'data:text/html;base64,AAAA']]);
    const { html } = cleanMail('<img src="cid:logo@x"><img src="cid:evil@x"><img src="cid:logo%40x">', { ...none, cid });
    expect(html.match(/data:image\/png;base64,AAAA/g)).toHaveLength(2);
    expect(html).not.toContain('text/html;base64');
  });
  it.each(['', '<', '<!--', '\0', '<style>', '<body', '</html></body>', '<table><td><style>', '\u{1f600}'.repeat(10)])('takes any text: %j', (text) => {
    expect(harm(cleanMail(text, none).html)).toEqual([]);
  });
});

it('fetches inline pictures within bounds', async () => {
  const parts = [
    { n: 1, content_id: 'a', content_type: 'image/png', size: 3 },
    { n: 2, content_id: 'b', content_type: 'image/svg+xml', size: 3 },
    { n: 3, content_id: '', content_type: 'image/png', size: 3 },
    { n: 4, content_id: 'd', content_type: 'image/png', size: 50 << 20 },
    { n: 5, content_id: 'e', content_type: 'image/gif', size: 3 },
  ];
  const asked: number[] = [];
  const got = await inlinePictures(parts, (n) => { asked.push(n); return n === 5 ? Promise.reject(new Error('x')) : Promise.resolve(new Blob(['abc'])); });
  expect(asked).toEqual([1, 5]);
  expect([...got]).toEqual([['a', 'data:image/png;base64,YWJj']]);
});

const DATA = join(process.env['MAYFLY_TESTDATA'] ?? join(__dirname, '../../../shared/testdata'), 'html');
const there = existsSync(DATA);
if (!there) console.warn(`SKIPPED: no HTML vectors at ${DATA}; set MAYFLY_TESTDATA`);
const marks = (s: string): string => s.replace(/%[a-z_]*js[a-z_]*%/gi, 'alert(1)').replace(/%[a-z_]*uri[a-z_]*%/gi, 'https://evil.test/x');

describe.skipIf(!there)('vectors from elsewhere', () => {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(DATA, name), 'utf8'));
  const payloads = (v: unknown): string[] =>
    typeof v === 'string' ? (v.includes('<') ? [v] : []) : Array.isArray(v) ? v.flatMap(payloads) : v && typeof v === 'object' ? Object.values(v).flatMap(payloads) : [];
  for (const name of ['dompurify/expect-a.json', 'h5sc/items.json']) {
    const list = there && existsSync(join(DATA, name)) ? payloads(read(name)) : [];
    it(`${name}: ${list.length} payloads come out harmless, with and without pictures`, () => {
      expect(list.length).toBeGreaterThan(100);
      for (const p of list.map(marks)) {
        expect(harm(cleanMail(p, none).html), p).toEqual([]);
        const loud = harm(cleanMail(p, { ...none, images: true }).html).filter((h) => !/\[(src|background)\]|style/.test(h));
        expect(loud, p).toEqual([]);
      }
    });
  }
});
