import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import ar from '../src/i18n/why-ar';
import de from '../src/i18n/why-de';
import es from '../src/i18n/why-es';
import zh from '../src/i18n/why-zh';
import type { Symbol_ } from '../src/shape';
import { reason, reasons, SECOND, strongest } from '../src/why';

/* The server's sources: names stand in a call of symbols_add(), or in the tables that such a call takes its name from. */
const ROOT = join(__dirname, '../../src');
const files = ['trust', 'core'].flatMap((dir) => readdirSync(join(ROOT, dir)).filter((f) => f.endsWith('.c')).map((f) => join(ROOT, dir, f)));
const SOURCES = files.map((f) => readFileSync(f, 'utf8'));
const all = (pattern: RegExp): RegExpMatchArray[] => SOURCES.flatMap((s) => [...s.matchAll(pattern)]);
const TABLES = all(/STR\("([A-Z][A-Z0-9_]+)"\),\s*-?\d/g).map((m) => m[1] as string);
const CALLS = all(/\bsymbols_add(?:_learned)?\(([^;{]*?)\)[;\s]/g).map((m) => (m[1] as string).replace(/\s+/g, ' ')).filter((c) => !c.startsWith('struct symbols *'));
const LITERAL = CALLS.flatMap((c) => /^[^,]+, S\("(\w+)"\)/.exec(c)?.[1] ?? []);
const NAMES = [...TABLES, ...LITERAL].sort();

const LANGUAGES = [['zh', zh], ['es', es], ['de', de], ['ar', ar]] as const;
const symbol = (name: string, said: string): Symbol_ => ({ name, score: 1, reason: said });

describe('reasons', () => {
  it('the names are all found in the sources', () => {
    const from = CALLS.filter((c) => !/, S\("/.test(c));
    expect(from.sort(), 'calls that take a name from a table').toEqual(['out, rules[i].name, score, rules[i].reason', 'out, s->name, s->score, s->reason', 'out, w[i].name, w[i].score, why.n ? why : w[i].reason']);
    expect(NAMES.length).toBeGreaterThan(90);
    for (const name of ['DATE_AHEAD', 'NAME_OTHER_ADDRESS', 'SPF_PASS', 'HELO_BARE', 'MALWARE', 'RSPAMD', 'DMARC_FAIL', 'LEARNED', 'READER_WANTS']) expect(NAMES).toContain(name);
    expect(new Set(NAMES).size).toBe(NAMES.length);
  });
  it.each(LANGUAGES)('%s has each, and none that is gone', (_, words) => {
    expect(Object.keys(words).sort()).toEqual([...NAMES, ...Object.values(SECOND)].sort());
    for (const [name, text] of Object.entries(words)) {
      expect(text.trim(), name).toBe(text);
      expect(text, name).toMatch(/./);
      expect((text.match(/\{\w*\}/g) ?? []).join(), name).toBe(['RSPAMD', 'MALWARE'].includes(name) ? '{said}' : '');
    }
  });
  it('what is learned has a meaning for each side', () => {
    const words = all(/\.(?:wanted|neither) = STR\("([^"]+)"\)/g).map((m) => m[1] as string);
    expect(words.length).toBe(4);
    for (const said of words) expect(Object.keys(SECOND)).toContain(said);
  });
  it('second meanings are in the words that the server says', () => {
    for (const [said, key] of Object.entries(SECOND)) {
      expect(SOURCES.some((s) => s.includes(`S("${said}")`) || s.includes(`STR("${said}")`)), said).toBe(true);
      expect(NAMES).toContain(key.split('.')[0]);
    }
  });
  it('are loaded by language, and left to the server where there is none', async () => {
    expect(await reasons('ar-u-nu-latn')).toBe(ar);
    expect(await reasons('de')).toBe(de);
    for (const none of ['en', 'fr', 'toString', '']) expect(await reasons(none)).toEqual({});
  });
  it('the strongest is told of what was found to be junk, and none of what a reader put there', () => {
    const symbols = [{ name: 'HTML_ONLY', score: 0.5, reason: '' }, { name: 'LINK_BELOW', score: 2.5, reason: '' }, { name: 'PRIOR', score: -3, reason: '' }];
    const policy = [...symbols, { name: 'DMARC_FAIL', score: 4, reason: '' }];
    expect(strongest({ folder: 'Junk', word: 'junk', symbols })?.name).toBe('LINK_BELOW');
    expect(strongest({ folder: 'Junk', word: 'unsure', symbols: policy })?.name).toBe('DMARC_FAIL');
    expect(strongest({ folder: 'Junk', word: 'ham', symbols })).toBeUndefined();
    expect(strongest({ folder: 'INBOX', word: 'junk', symbols })).toBeUndefined();
    expect(strongest({ folder: 'Junk', word: 'junk', symbols: [] })).toBeUndefined();
  });
  it('tell what is known, and nothing of what is not', () => {
    expect(reason(de, symbol('DATE_MISSING', 'It has no date'))).toBe(de['DATE_MISSING']);
    expect(reason(de, symbol('PRIOR', 'It is like junk that others have had'))).toBe(de['PRIOR']);
    expect(reason(de, symbol('PRIOR', 'It is like honest mail that others have had'))).toBe(de['PRIOR.honest']);
    expect(reason(de, symbol('PRIOR', 'It is neither clearly like junk nor like honest mail that others have had'))).toBe(de['PRIOR.neither']);
    expect(reason(de, symbol('LEARNED', "It is like what this server's readers call junk"))).toBe(de['LEARNED']);
    expect(reason(de, symbol('LEARNED', "It is like what this server's readers want"))).toBe(de['LEARNED.honest']);
    expect(reason(de, symbol('LEARNED', "What this server's readers say of such mail is not clear"))).toBe(de['LEARNED.neither']);
    for (const name of ['NEW_RULE', 'constructor', '__proto__']) expect(reason(de, symbol(name, 'Something new'))).toBeUndefined();
    expect(reason({}, symbol('DATE_MISSING', 'It has no date'))).toBeUndefined();
    expect(reason(es, symbol('MALWARE', 'malware: Win.$&.Test'))).toBe('Software dañino: \u2068Win.$&.Test\u2069');
    expect(reason(zh, symbol('RSPAMD', 'rspamd: add header, 7.5 of 15.0: BAYES_SPAM'))).toBe('过滤程序 rspamd 的判断：\u2068add header, 7.5 of 15.0: BAYES_SPAM\u2069');
  });
});
