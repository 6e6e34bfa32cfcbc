import { describe, expect, it } from 'vitest';
import { addRcpts, endsRcpt, parseRcpts, suggest } from '../src/people';

const at = (text: string) => parseRcpts(text).map((r) => (r.ok ? `${r.name}<${r.address}>` : `!${r.address}`));

describe('recipients as people type them', () => {
  it.each([
    ['anna@example.com', ['<anna@example.com>']],
    ['Anna Berg <anna@example.com>, ben@example.com;', ['Anna Berg<anna@example.com>', '<ben@example.com>']],
    ['"Doe, John" <john@example.com>', ['Doe, John<john@example.com>']],
    ['a@example.com b@example.com\nc@例え.jp', ['<a@example.com>', '<b@example.com>', '<c@例え.jp>']],
    ['nobody, x@, @y, a@b', ['!nobody', '!x@', '!@y', '!a@b']],
    ['a@-x.example, a@x-.example, a b@example.com', ['!a@-x.example', '!a@x-.example', '!a b@example.com']],
    ['', []],
    [' , ;', []],
  ])('%s', (text, want) => expect(at(text)).toEqual(want));

  it('end with a comma, or a blank behind an address', () => {
    expect(['a@b.example,', 'a@b.example ', 'x;'].every(endsRcpt)).toBe(true);
    expect(['a@b.example', 'Anna ', 'a@b '].some(endsRcpt)).toBe(false);
  });
  it('stand there once, whatever their case', () => {
    expect(addRcpts(parseRcpts('a@x.example'), parseRcpts('A@x.example, b@x.example, b@X.example')).map((r) => r.address)).toEqual(['a@x.example', 'b@x.example']);
  });
  it('are offered by any word that begins so, but not twice', () => {
    const known = [{ name: 'Anna Berg', address: 'anna@example.com' }, { name: '', address: 'no-reply@shop.example' }];
    expect(suggest(known, 'ber', []).map((p) => p.address)).toEqual(['anna@example.com']);
    expect(suggest(known, 'SHOP', []).map((p) => p.address)).toEqual(['no-reply@shop.example']);
    expect(suggest(known, '', parseRcpts('anna@example.com')).map((p) => p.address)).toEqual(['no-reply@shop.example']);
  });
});
