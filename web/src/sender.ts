// May the name that a mail says it is from be believed, and for what? The same words are said by /lite (src/serve/lite_trust.c).
import type { Auth } from './shape';

export type Proof = 'own' | 'good' | 'spf' | 'none' | 'bad';

/** A server that SPF knows says something of the author only where a domain is named. */
export function proof({ spf, dkim, dmarc, domain, own }: Auth): Proof {
  if (own) return 'own';
  if (dmarc === 'fail') return 'bad';
  if (dkim === 'pass') return 'good';
  if (spf === 'fail' && dmarc !== 'pass') return 'bad';
  return domain !== '' && spf === 'pass' ? 'spf' : 'none';
}
