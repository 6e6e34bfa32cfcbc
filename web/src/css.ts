// Style from a stranger's mail, cut down to what lays out and colours text: no import, no font, no content, nothing
// that loads. Works on text alone, in one pass, and drops what it does not understand; the frame's own policy is the
// first line of defence, this is the second. Pure.

export interface CssOut { css: string; remote: string[] }

const PROPERTIES = new RegExp(
  '^(' +
    [
      'background(-color|-image|-position|-repeat|-size)?', 'border(-(top|right|bottom|left))?(-(width|style|color))?',
      'border(-(top|bottom)-(left|right))?-radius', 'border-(collapse|spacing)', 'box-(sizing|shadow)', 'caption-side',
      'clear', 'color', 'column-(gap|count)', 'direction', 'display', 'empty-cells', 'flex(-[a-z]+)?', 'float',
      'font(-(family|size|style|weight|variant|stretch))?', 'gap', 'grid(-[a-z-]+)?', 'height', 'hyphens',
      'letter-spacing', 'line-height', 'list-style(-(type|position))?', 'margin(-(top|right|bottom|left))?',
      '(max|min)-(width|height)', 'object-fit', 'opacity', 'outline(-(width|style|color))?', 'overflow(-wrap|-x|-y)?',
      'padding(-(top|right|bottom|left))?', 'row-gap', 'table-layout', 'text-(align|decoration|indent|overflow|transform|shadow)',
      'text-decoration-(color|line|style)', 'unicode-bidi', 'vertical-align', 'visibility', 'white-space', 'width',
      'word-(break|spacing|wrap)', '(justify|align|place)-(items|content|self)', 'mso-hide',
    ].join('|') +
    ')$',
);
const LOADS = /url\s*\(|image\s*\(|image-set|src\s*\(|attr\s*\(|element\s*\(|expression|javascript:|behaviou?r|binding/i;
const URL_VALUE = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')\s]*))\s*\)/gi;
const AT_KEPT = /^@(media|supports)\b[^{}<>"'\\]*$/i;
const NESTING_MAX = 4;
const STRING = /"[^"\n]*"|'[^'\n]*'/g;
const PAIR: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** One declaration list, as in a style attribute. With images allowed, a background may load over https. */
export function cleanDeclarations(text: string, images: boolean): CssOut {
  const remote: string[] = [];
  const kept: string[] = [];
  for (const part of splitTop(withoutComments(preprocessed(text)), ';')) {
    const colon = part.indexOf(':');
    const name = part.slice(0, colon).trim().toLowerCase();
    const value = part.slice(colon + 1).trim();
    if (colon < 0 || !PROPERTIES.test(name) || /[\\<>{}@;]/.test(value) || !closed(value)) continue;
    const urls = [...value.matchAll(URL_VALUE)].map((m) => m[1] ?? m[2] ?? m[3] ?? '');
    const web = urls.filter((u) => /^(https?:)?\/\//i.test(u.trim()));
    remote.push(...web);
    const plain = value.replace(URL_VALUE, '');
    if (LOADS.test(plain) || !closed(plain)) continue;
    if (urls.length === 0) kept.push(`${name}:${value}`);
    else if (images && web.length === urls.length && /^background/.test(name)) kept.push(`${name}:${value}`);
    else if (plain.trim() && name === 'background') kept.push(`${name}:${plain.trim()}`);
  }
  return { css: kept.join(';'), remote };
}

/** A whole style sheet: rules and @media around them; every other at-rule goes. */
export function cleanSheet(text: string, images: boolean): CssOut {
  const remote: string[] = [];
  const out = rules(withoutComments(preprocessed(text)).replace(/<!--|-->/g, ' '), images, remote, 0);
  return { css: out, remote };
}

function rules(text: string, images: boolean, remote: string[], depth: number): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const stop = nextOf(text, at, '{;');
    if (stop < 0) break;
    const head = text.slice(at, stop).trim();
    if (text[stop] === ';') {
      at = stop + 1;
      continue;
    }
    const end = blockEnd(text, stop);
    const body = text.slice(stop + 1, end);
    at = end + 1;
    if (head.startsWith('@')) {
      if (AT_KEPT.test(head) && depth < NESTING_MAX) out += `${head}{${rules(body, images, remote, depth + 1)}}`;
    } else if (head && !/[\\<@{}]/.test(head) && head.length < 2000 && closed(head)) {
      const decl = cleanDeclarations(body, images);
      remote.push(...decl.remote);
      if (decl.css) out += `${head}{${decl.css}}`;
    }
  }
  return out;
}

/** As a browser reads it before anything else (CSS Syntax Level 3, section 3.3): a string ends where we say it does. */
const preprocessed = (text: string): string => text.replace(/\r\n?|\f/g, '\n').replace(/\0/g, '\ufffd');

/** No string, bracket or parenthesis is left open: it would reach into what is put behind, where ours have ended. */
function closed(text: string): boolean {
  const bare = text.replace(STRING, '');
  const open: string[] = [];
  for (const c of bare) {
    if (c === '(' || c === '[') open.push(c);
    else if (PAIR[c] !== undefined && open.pop() !== PAIR[c]) return false;
  }
  return open.length === 0 && !/["']/.test(bare);
}

function withoutComments(text: string): string {
  let out = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('/*', at);
    if (open < 0) return out + text.slice(at);
    out += `${text.slice(at, open)} `;
    const close = text.indexOf('*/', open + 2);
    if (close < 0) return out;
    at = close + 2;
  }
}

/** The end of a quoted string that begins at i; the text's end when it is never closed. */
function stringEnd(text: string, i: number): number {
  for (let j = i + 1; j < text.length; j++) {
    if (text[j] === '\\') j++;
    else if (text[j] === text[i] || text[j] === '\n') return j;
  }
  return text.length;
}

function nextOf(text: string, from: number, chars: string): number {
  for (let i = from; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"' || c === "'") i = stringEnd(text, i);
    else if (chars.includes(c)) return i;
  }
  return -1;
}

function blockEnd(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i >= 0 && i < text.length; ) {
    if (text[i] === '{') depth++;
    else if (--depth === 0) return i;
    i = nextOf(text, i + 1, '{}');
  }
  return text.length;
}

function splitTop(text: string, by: string): string[] {
  const out: string[] = [];
  let start = 0;
  let parens = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"' || c === "'") i = stringEnd(text, i);
    else if (c === '(') parens++;
    else if (c === ')') parens = Math.max(0, parens - 1);
    else if (c === by && parens === 0) {
      out.push(text.slice(start, i));
      start = i + 1;
    }
  }
  out.push(text.slice(start));
  return out;
}
