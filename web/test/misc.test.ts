import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { crc32, fileName, mboxPart, Zip } from '../src/export';
import { headerFields } from '../src/headers';
import en from '../src/i18n/en';
import ar from '../src/i18n/ar';
import de from '../src/i18n/de';
import es from '../src/i18n/es';
import { fill, type Text } from '../src/i18n/i18n.svelte';
import zh from '../src/i18n/zh';
import { mainLink, oddities, offered } from '../src/links';
import { search, sha256, zeroBits } from '../src/sha256';
import { ago, clock, grouped, left, timeOfDay, until } from '../src/time';

const bytes = (s: string) => new TextEncoder().encode(s) as Uint8Array<ArrayBuffer>;
const mail = (s: string) => ({ name: 'a.eml', from: 'ann@example.com', at: Date.UTC(2026, 10, 2, 3, 4, 5), bytes: bytes(s) });
const text = (b: Blob): Promise<string> => new Response(b as never).text().catch(() => b.text());

describe('export', () => {
  it('quotes From lines, mboxrd', async () => {
    const out = await new Promise<string>((ok) => { const r = new FileReader(); r.onload = () => ok(String(r.result)); r.readAsText(mboxPart(mail('Subject: x\r\n\r\nFrom me\r\n>From you\r\nFromage'))); });
    expect(out).toBe('From ann@example.com Mon Nov  2 03:04:05 2026\nSubject: x\n\n>From me\n>>From you\nFromage\n\n');
  });
  it('makes a zip that has its directory where it says', async () => {
    const z = new Zip();
    z.add(mail('hello'));
    z.add({ ...mail('world'), name: 'é.eml' });
    const blob = z.finish();
    const buf = new DataView(await new Promise<ArrayBuffer>((ok) => { const r = new FileReader(); r.onload = () => ok(r.result as ArrayBuffer); r.readAsArrayBuffer(blob); }));
    const end = buf.byteLength - 22;
    expect(buf.getUint32(end, true)).toBe(0x06054b50);
    expect(buf.getUint16(end + 10, true)).toBe(2);
    expect(buf.getUint32(buf.getUint32(end + 16, true), true)).toBe(0x02014b50);
    expect(crc32(bytes('hello'))).toBe(0x3610a686);
  });
  it('names files without surprises', () => {
    expect(fileName('../../a\\b:c\u202egpj.exe\r\n', 'x')).toBe('a b c gpj.exe');
    expect(fileName(' .. ', 'x')).toBe('x');
    expect([...fileName('é'.repeat(500), 'x')]).toHaveLength(80);
    void text;
  });
});

describe('proof of work', () => {
  it.each(['', 'abc', 'a'.repeat(55), 'a'.repeat(56), 'a'.repeat(64), 'ü'.repeat(99)])('hashes %j as the standard says', (s) => {
    const got = [...sha256(bytes(s))].map((w) => w.toString(16).padStart(8, '0')).join('');
    expect(got).toBe(createHash('sha256').update(s).digest('hex'));
  });
  it('finds a nonce with the bits asked for', () => {
    const nonce = search('challenge', 10);
    expect(zeroBits(sha256(bytes(`challenge:${nonce}`)))).toBeGreaterThanOrEqual(10);
    expect(search('x', 0)).toBe('0');
  });
});

describe('words', () => {
  const names = (x: Text): string[] => [...new Set((typeof x === 'string' ? [x] : Object.values(x)).join(' ').match(/\{\w+\}/g) ?? [])].sort();
  it.each([['zh', zh], ['es', es], ['de', de], ['ar', ar]] as const)('%s has every text, with the same names in it', (_, words) => {
    expect(Object.keys(words).sort()).toEqual(Object.keys(en).sort());
    for (const [key, x] of Object.entries(en)) {
      const theirs = (words as Record<string, Text>)[key]!;
      expect(names(theirs), key).toEqual(names(x as Text));
      expect((typeof theirs === 'string' ? [theirs] : Object.values(theirs)).every((f) => f.trim() !== ''), key).toBe(true);
    }
  });
  it.each([['zh', zh], ['es', es], ['de', de], ['ar', ar]] as const)('%s is translated', (_, words) => {
    const same = Object.entries(en).filter(([k, x]) => JSON.stringify((words as Record<string, Text>)[k]) === JSON.stringify(x) && /[a-z]{4}/i.test(JSON.stringify(x)));
    expect(same.length).toBeLessThan(20);
  });
  it('shout nowhere', () => {
    expect(JSON.stringify(en)).not.toContain('!');
  });
  it('take their plural form and names', () => {
    expect(fill({ one: '{n} mail', other: '{n} mails' }, { n: 1 }, new Intl.PluralRules('en'))).toBe('1 mail');
    expect(fill({ other: '{n} mails {x}' }, { n: 2 }, new Intl.PluralRules('en'))).toBe('2 mails {x}');
  });
});

describe('times', () => {
  const say = (key: string, vars: Record<string, unknown> = {}) => `${key} ${Object.values(vars).join()}`.trim();
  it('say life left without rounding up', () => {
    expect(left(59_999, say)).toBe('life.left 0:59');
    expect(left(599_999, say)).toBe('life.left 9:59');
    expect(left(3_599_999, say)).toBe('life.minutes 59');
    expect(left(3 * 86_400_000 - 1, say)).toBe('life.days 2');
    expect(left(0, say)).toBe('life.over');
    expect(clock(61_000)).toBe('1:01');
  });
  it('are short in a row', () => {
    const now = Date.UTC(2026, 10, 22, 12);
    expect(ago(now - 1000, now, 'en', say)).toBe('time.now');
    expect(ago(now - 300_000, now, 'en', say)).toBe('time.min 5');
  });
  it('of the day are written by hand as each language writes them', () => {
    const plain = (s: string) => s.replace(/\s/g, ' ');
    for (const lang of ['en', 'zh', 'es', 'de', 'ar-u-nu-latn'])
      for (const [h, m] of [[0, 0], [0, 59], [9, 5], [11, 59], [12, 0], [13, 7], [23, 59]] as const) {
        const d = new Date(2026, 10, 22, h, m);
        expect(plain(timeOfDay(d, lang)), lang).toBe(plain(d.toLocaleTimeString(lang, { hour: /^(en|ar)/.test(lang) ? 'numeric' : '2-digit', minute: '2-digit' })));
      }
  });
  it('name the day only when it is another one', () => {
    const now = new Date(2026, 10, 22, 12).getTime();
    expect(until(now + 3_600_000, now, 'de')).toBe('13:00');
    expect(until(now + 86_400_000, now, 'de')).toMatch(/23.*12:00/);
    expect(until(now + 93_600_000, now, 'en')).toMatch(/23.*\D2:00\sPM/);
  });
  it('group codes as they are read', () => {
    expect(grouped('739204')).toBe('739\u2009204');
    expect(grouped('12345678')).toBe('1234\u20095678');
    expect(grouped('AB-12')).toBe('AB-12');
    expect(grouped('4821')).toBe('4821');
  });
});

describe('links', () => {
  const link = (url: string, t = '', kind = '') => ({ url, host: '', text: t, kind });
  it('are odd when they say one host and go to another, look alike, or are plain', () => {
    expect(oddities(link('https://evil.test/x', 'www.bank.com'))).toEqual([{ kind: 'mismatch', text: 'www.bank.com' }]);
    expect(oddities(link('https://www.bank.com/x', 'bank.com/login'))).toEqual([]);
    expect(oddities(link('https://xn--bnk-hoa.com/'))).toEqual([{ kind: 'puny' }]);
    expect(oddities(link('http://a.test/', 'Click here. Now'))).toEqual([{ kind: 'plain' }]);
  });
  it('are promoted by no mail that lies in Junk, is forged, or was found to lead astray', () => {
    const auth = { spf: '', dkim: '', dmarc: '', arc: '', domain: '', own: false };
    const good = { folder: 'INBOX', auth, word: 'ham', scan: '', symbols: [{ name: 'HTML_ONLY', score: 0.5, reason: '' }, { name: 'LINKS_ELSEWHERE', score: 0.4, reason: '' }] };
    expect(offered(good)).toBe('first');
    expect(offered({ ...good, folder: 'Junk' })).toBe('asked');
    expect(offered({ ...good, word: 'junk' })).toBe('plain');
    expect(offered({ ...good, scan: 'malware: x' })).toBe('plain');
    expect(offered({ ...good, auth: { ...auth, dmarc: 'fail' } })).toBe('plain');
    for (const name of ['LINK_BELOW', 'LINK_MIXED', 'LINK_TEXT', 'NAME_OTHER_ADDRESS', 'NAME_BRAND', 'FROM_LOOKALIKE']) {
      expect(offered({ ...good, symbols: [{ name, score: 1, reason: '' }] }), name).toBe('plain');
      expect(offered({ ...good, symbols: [{ name, score: 0, reason: '' }] }), name).toBe('first');
    }
  });
  it('that can run are no links', () => {
    expect(mainLink([link('javascript:alert(1)', 'x', 'confirm'), link('https://a.test', 'y', 'confirm')])?.text).toBe('y');
  });
});

it('unfolds header fields and stops at the body', () => {
  expect(headerFields('A: 1\r\nB: 2\r\n\t3\r\n\r\nC: 4')).toEqual([{ name: 'A', value: '1' }, { name: 'B', value: '2\n3' }]);
  expect(headerFields('')).toEqual([]);
});
