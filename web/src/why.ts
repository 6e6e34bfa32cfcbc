// Why a mail was put where it is, in the reader's language: by the name of what was found. The server says it in English,
// which stands where a name is not known here. Words of other languages are a file each, loaded when somebody asks.
import { apart, isLang, type Lang } from './i18n/i18n.svelte';
import type { Message, Symbol_ } from './shape';

export type Reasons = Record<string, string>;

const load: Partial<Record<Lang, () => Promise<{ default: Reasons }>>> = {
  zh: () => import('./i18n/why-zh'),
  es: () => import('./i18n/why-es'),
  de: () => import('./i18n/why-de'),
  ar: () => import('./i18n/why-ar'),
};

/** What a name says besides its first meaning, in the server's words, and what that goes by here. */
export const SECOND: Record<string, string> = {
  "Not proven by the author's domain, but a trusted forwarder has seen proof": 'DMARC_FAIL.forwarded',
  'It is like honest mail that others have had': 'PRIOR.honest',
  'It is neither clearly like junk nor like honest mail that others have had': 'PRIOR.neither',
  "It is like what this server's readers want": 'LEARNED.honest',
  "What this server's readers say of such mail is not clear": 'LEARNED.neither',
};

/** Empty where the server's own words are to be shown; never rejects. */
export async function reasons(language: string): Promise<Reasons> {
  const lang = language.slice(0, 2);
  try {
    return (isLang(lang) && (await load[lang]?.())?.default) || {};
  } catch {
    return {};
  }
}

const ALONE = 4; /* a sender's policy and a scanner put a mail into Junk whatever the sum; their finding weighs this or more */

/** What weighs most of why a mail lies in Junk. Undefined where nothing in it does: a reader has put it there. */
export function strongest(m: Pick<Message, 'folder' | 'word' | 'symbols'>): Symbol_ | undefined {
  const top = m.symbols.reduce<Symbol_ | undefined>((a, s) => (s.score > (a?.score ?? 0) ? s : a), undefined);
  return m.folder === 'Junk' && top && (m.word === 'junk' || top.score >= ALONE) ? top : undefined;
}

/** Undefined: not known in these words. {said}: what another program has found, kept apart from the text's direction. */
export function reason(words: Reasons, s: Symbol_): string | undefined {
  const key = SECOND[s.reason] ?? s.name;
  const said = s.reason.replace(/^\w+: /, '');
  return Object.hasOwn(words, key) ? words[key]?.replace('{said}', () => apart(said)) : undefined;
}
