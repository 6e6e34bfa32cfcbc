// May the name that a mail says it is from be believed, and for what? The same words are said by /lite (src/serve/lite_trust.c).
import type { Auth } from './shape';

export type Proof = 'own' | 'here' | 'good' | 'spf' | 'none' | 'bad';

/** A server that SPF knows says something of the author only where a domain is named. Of mail between addresses here nothing is
 *  asked, and its domain is named, since whoever sent it had logged in. */
export function proof({ spf, dkim, dmarc, domain, own }: Auth): Proof {
  if (own) return 'own';
  if (dmarc === 'fail') return 'bad';
  if (dkim === 'pass') return 'good';
  if (spf === 'fail' && dmarc !== 'pass') return 'bad';
  if (domain !== '' && spf === 'pass') return 'spf';
  return domain !== '' && spf + dkim + dmarc === '' ? 'here' : 'none';
}
