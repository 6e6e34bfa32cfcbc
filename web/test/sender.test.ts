import { describe, expect, it } from 'vitest';
import { proof } from '../src/sender';
import { message } from '../src/shape';

const of = (auth: unknown) => proof(message({ id: 'a', auth }).auth);

describe('whose mail it is', () => {
  it.each([
    ['nothing was asked', null, 'none'],
    ['this server wrote it', { spf: null, dkim: null, dmarc: null, domain: null, origin: 'server' }, 'own'],
    ['an address here wrote it', { spf: null, dkim: null, dmarc: null, arc: null, domain: 'box.test' }, 'here'],
    ['signed', { spf: 'none', dkim: 'pass', dmarc: 'none', domain: 'a.example' }, 'good'],
    ['its server is known', { spf: 'pass', dkim: 'none', dmarc: 'none', domain: 'a.example' }, 'spf'],
    ['the server is known, of another domain', { spf: 'pass', dkim: 'none', dmarc: 'none', domain: null }, 'none'],
    ['a domain, and checks that say nothing', { spf: 'none', dkim: 'none', dmarc: 'none', domain: 'a.example' }, 'none'],
    ['the author says no', { spf: 'pass', dkim: 'pass', dmarc: 'fail', domain: 'a.example' }, 'bad'],
    ['the server may not', { spf: 'fail', dkim: 'none', dmarc: 'none', domain: null }, 'bad'],
    ['signed, whatever its server may', { spf: 'fail', dkim: 'pass', dmarc: 'pass', domain: 'a.example' }, 'good'],
  ])('%s', (_, auth, want) => expect(of(auth)).toBe(want));
});
