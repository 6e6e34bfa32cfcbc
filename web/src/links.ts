// What is odd about a link: said beside it before anybody clicks. Pure.
import { hostOf } from './host';
import type { Link } from './shape';

export type Oddity = { kind: 'puny' } | { kind: 'mismatch'; text: string } | { kind: 'plain' };

const SAID = /^(?:https?:\/\/)?([\w-]+(?:\.[\w-]+)*\.[a-z]{2,})(?:[/:?#]|$)/i;
const bare = (host: string): string => host.toLowerCase().replace(/:\d+$/, '').replace(/^www\./, '');

export const webLinks = (links: Link[]): Link[] => links.filter((l) => /^https?:\/\//i.test(l.url));

export const mainLink = (links: Link[]): Link | undefined =>
  webLinks(links).find((l) => /confirm|verif|activat|login|signin|magic|reset/i.test(l.kind));

export function oddities(l: Link): Oddity[] {
  const out: Oddity[] = [];
  const host = hostOf(l.url) || l.host;
  if (host.split('.').some((label) => label.toLowerCase().startsWith('xn--'))) out.push({ kind: 'puny' });
  const said = SAID.exec(l.text.trim())?.[1];
  if (said && bare(said) !== bare(host)) out.push({ kind: 'mismatch', text: said });
  if (/^http:/i.test(l.url)) out.push({ kind: 'plain' });
  return out;
}
