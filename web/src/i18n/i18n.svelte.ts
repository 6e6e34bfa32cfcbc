// Words in the reader's language. English is part of the page; others are loaded when chosen.
import en from './en';

export type Key = keyof typeof en;
export type Vars = Record<string, string | number>;
export type Text = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
export type Catalogue = Record<Key, Text>;
export type Say = (key: Key, vars?: Vars) => string;

export const LANGUAGES = { en: 'English', zh: '中文', es: 'Español', de: 'Deutsch', ar: 'العربية' } as const;
export type Lang = keyof typeof LANGUAGES;
const RTL = new Set(['ar', 'he', 'fa', 'ur']);

const load: Record<Lang, () => Promise<{ default: Catalogue }>> = {
  en: () => Promise.resolve({ default: en }),
  zh: () => import('./zh'),
  es: () => import('./es'),
  de: () => import('./de'),
  ar: () => import('./ar'),
};

let catalogue: Catalogue = $state.raw(en);
let lang: string = $state('en');
let plural = new Intl.PluralRules('en');

export const isLang = (v: unknown): v is Lang => typeof v === 'string' && v in LANGUAGES;
export const language = (): string => lang;

/** Fills a text of a catalogue. Pure. */
export function fill(text: Text, vars: Vars, rules: Intl.PluralRules): string {
  const form = typeof text === 'string' ? text : (text[rules.select(Number(vars['n'] ?? 0))] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => String(vars[name] ?? whole));
}

export const t: Say = (key, vars = {}) => fill(catalogue[key] ?? en[key], vars, plural);

/** A name or an address within a sentence, kept apart from the sentence's direction. */
export const apart = (s: string): string => `\u2068${s}\u2069`;

export function preferred(): Lang {
  const wish = navigator.languages.map((l) => l.slice(0, 2).toLowerCase());
  return wish.find(isLang) ?? 'en';
}

export async function setLanguage(next: Lang): Promise<void> {
  const words = (await load[next]()).default;
  plural = new Intl.PluralRules(next);
  lang = next === 'ar' ? 'ar-u-nu-latn' : next; /* codes and addresses stand in Latin digits; so does the rest */
  catalogue = words;
  document.documentElement.lang = next;
  document.documentElement.dir = RTL.has(next) ? 'rtl' : 'ltr';
}
