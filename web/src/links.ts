// What is odd about a link: said beside it before anybody clicks. Pure.
import { hostOf } from './host';
import { proof } from './sender';
import type { Link, Message } from './shape';

export type Oddity = { kind: 'puny' } | { kind: 'mismatch'; text: string } | { kind: 'plain' };

const SAID = /^(?:https?:\/\/)?([\w-]+(?:\.[\w-]+)*\.[a-z]{2,})(?:[/:?#]|$)/i;
const bare = (host: string): string => host.toLowerCase().replace(/:\d+$/, '').replace(/^www\./, '');

export const webLinks = (links: Link[]): Link[] => links.filter((l) => /^https?:\/\//i.test(l.url));

export const mainLink = (links: Link[]): Link | undefined =>
  webLinks(links).find((l) => /confirm|verif|activat|login|signin|magic|reset/i.test(l.kind));

/** What the checks found against where links lead, or against the name that asks to follow one. */
const AGAINST = /^(LINK_|NAME_|FROM_(LOOKALIKE|MIXED|TWICE|IS_TO)$|AUTHOR_LISTED$|MALWARE$)/;

/** How a mail's link is offered: as what to do next, as a link among others, or only to who has seen where it leads. */
export function offered(m: Pick<Message, 'folder' | 'auth' | 'word' | 'scan' | 'symbols'>): 'first' | 'plain' | 'asked' {
  if (m.folder === 'Junk') return 'asked';
  const doubt = m.word === 'junk' || m.scan.startsWith('malware') || proof(m.auth) === 'bad' || m.symbols.some((s) => s.score > 0 && AGAINST.test(s.name));
  return doubt ? 'plain' : 'first';
}

export function oddities(l: Link): Oddity[] {
  const out: Oddity[] = [];
  const host = hostOf(l.url) || l.host;
  if (host.split('.').some((label) => label.toLowerCase().startsWith('xn--'))) out.push({ kind: 'puny' });
  const said = SAID.exec(l.text.trim())?.[1];
  if (said && bare(said) !== bare(host)) out.push({ kind: 'mismatch', text: said });
  if (/^http:/i.test(l.url)) out.push({ kind: 'plain' });
  return out;
}
