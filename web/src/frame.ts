// HTML mail: the only place where a stranger's markup is touched. DOMPurify keeps an allow-list of what lays out text;
// hooks then take out whatever would load, count it, and put inline pictures in as data. The result is posted to the
// server, which serves it once, into a frame without scripts, forms or origin (FRAME_SANDBOX, and the same again as
// Content-Security-Policy on its answer). Nothing is changed after the wash except that constants go around it.
import createDOMPurify, { type Config } from 'dompurify';
import { cleanDeclarations, cleanSheet } from './css';
import { hostOf } from './host';
import { policy } from './trusted';

export const FRAME_SANDBOX = 'allow-popups allow-popups-to-escape-sandbox';

export interface Blocked { remote: number; trackers: number; hosts: string[] }
export interface Clean { html: string; blocked: Blocked }
export interface CleanOpts {
  /** Keep pictures of other hosts, because the reader asked for this mail's. */
  images: boolean;
  /** Links lead somewhere: else their text stays, and where they would have led is said. */
  links: boolean;
  /** Inline pictures by Content-ID, as data: URLs. */
  cid: ReadonlyMap<string, string>;
}

const TAGS =
  'a abbr address article b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em ' +
  'figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s samp ' +
  'section small span strike strong style sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr';
const ATTRS =
  'abbr align alt aria-label bgcolor border cellpadding cellspacing char charoff class color cols colspan compact ' +
  'datetime dir face headers height hspace lang noshade nowrap open reversed role rowspan rules scope size span ' +
  'start style summary title type valign value vspace width';

const URLS = ['href', 'src', 'background'];

const CONFIG: Config = {
  ALLOWED_TAGS: [...TAGS.split(' '), '#text', 'html', 'head', 'body'],
  ALLOWED_ATTR: [...ATTRS.split(' '), ...URLS],
  ADD_URI_SAFE_ATTR: ATTRS.split(' '),
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/(?:png|jpe?g|gif|webp|avif);|\/\/)/i,
  FORBID_CONTENTS: ['script', 'iframe', 'object', 'embed', 'svg', 'math', 'template', 'title', 'noscript', 'select', 'audio', 'video'],
  WHOLE_DOCUMENT: true,
  FORCE_BODY: false,
};

const DATA_IMAGE = /^data:image\/(png|jpe?g|gif|webp|avif);base64,[a-z0-9+/=\s]*$/i;
const WEB = /^(https?:)?\/\//i;
const TRACKER_PATH = /(\/|[?&._-])(open|opened|pixel|track|tracking|beacon|wf\/open|o\.gif|spacer)(\.(gif|png|aspx?|php))?([/?&=_.-]|$)/i;

interface Found { remote: Set<string>; trackers: Set<string> }

const px = (v: string | null): number => (v && /^\s*\d+(px)?\s*$/i.test(v) ? parseInt(v, 10) : NaN);

const UNITS: Readonly<Record<string, number>> = { '': 1, px: 1, pt: 4 / 3, em: 16, rem: 16, ex: 8, ch: 8, mm: 3.8, cm: 38, in: 96 };

/** In px, roughly, of a length in a style; NaN where it sets none. */
function styled(style: string, name: string): number {
  const set = new RegExp(`(?:^|[;\\s])(?:max-)?${name}\\s*:\\s*(\\d*\\.?\\d+)([a-z%]*)`, 'i').exec(style);
  return set ? Number(set[1]) * (UNITS[set[2]!.toLowerCase()] ?? NaN) : NaN;
}

/** A picture nobody is meant to see, or one that an address marks as a counter. What a style sheet makes small by a
 *  class is not found: what is said of trackers is that they look like some. */
function isTracker(el: Element, url: string): boolean {
  const style = el.getAttribute('style') ?? '';
  const size = (name: string): number => {
    const inStyle = styled(style, name);
    return Number.isNaN(inStyle) ? px(el.getAttribute(name)) : inStyle;
  };
  const hidden = /display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(\.0\d*)?(?![\d.])/i.test(style);
  return size('width') <= 3 || size('height') <= 3 || hidden || TRACKER_PATH.test(url);
}

function source(el: Element, name: string, opts: CleanOpts, found: Found): void {
  const url = el.getAttribute(name)?.trim() ?? '';
  if (/^cid:/i.test(url)) {
    const data = opts.cid.get(decode(url.slice(4)));
    if (data && DATA_IMAGE.test(data)) el.setAttribute(name, data);
    else el.removeAttribute(name);
    return;
  }
  if (DATA_IMAGE.test(url)) return;
  if (!WEB.test(url)) return el.removeAttribute(name);
  found.remote.add(url);
  if (isTracker(el, url)) found.trackers.add(url);
  if (!opts.images || found.trackers.has(url)) el.removeAttribute(name);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function onAttributes(el: Element, opts: CleanOpts, found: Found): void {
  if (el.hasAttribute('src')) source(el, 'src', opts, found);
  if (el.hasAttribute('background')) source(el, 'background', opts, found);
  const style = el.getAttribute('style');
  if (style !== null) {
    const { remote } = cleanDeclarations(style, false);
    const trackers = remote.filter((u) => isTracker(el, u));
    const { css } = cleanDeclarations(style, opts.images && trackers.length === 0);
    remote.forEach((u) => found.remote.add(u));
    trackers.forEach((u) => found.trackers.add(u));
    if (css) el.setAttribute('style', css);
    else el.removeAttribute('style');
  }
  if (el.nodeName === 'IMG') onImage(el);
  if (el.hasAttribute('href')) onLink(el, opts.links);
}

/** A picture that stays away leaves a box of its size with its words: a browser would draw a broken one. */
function onImage(el: Element): void {
  if (el.hasAttribute('src') || px(el.getAttribute('width')) <= 3 || px(el.getAttribute('height')) <= 3) return;
  const box = el.ownerDocument.createElement('span');
  const size = (name: string): string => {
    const v = el.getAttribute(name)?.trim() ?? '';
    return /^\d{1,4}(px|%)?$/.test(v) ? `${name}:${/\d$/.test(v) ? `${v}px` : v};` : '';
  };
  box.className = 'mayfly-blocked';
  box.textContent = el.getAttribute('alt');
  const style = size('width') + size('height') + (el.getAttribute('style') ?? '');
  if (style) box.setAttribute('style', style);
  el.replaceWith(box);
}

function onLink(el: Element, leads: boolean): void {
  const url = el.getAttribute('href') ?? '';
  if (el.nodeName !== 'A' || !/^(https?:|mailto:|tel:)/i.test(url.trim())) return el.removeAttribute('href');
  el.setAttribute('title', url.slice(0, 300));
  if (!leads) return el.removeAttribute('href');
  el.setAttribute('target', '_blank');
  el.setAttribute('rel', 'noopener noreferrer nofollow');
}

function wash(dirty: string, opts: CleanOpts, found: Found): string {
  const purify = createDOMPurify(window);
  purify.addHook('uponSanitizeElement', (node, data) => {
    if (data.tagName !== 'style') return;
    const { css, remote } = cleanSheet(node.textContent ?? '', opts.images);
    remote.forEach((u) => found.remote.add(u));
    node.textContent = css;
  });
  purify.addHook('afterSanitizeAttributes', (el) => onAttributes(el, opts, found));
  const config: Config = policy ? { ...CONFIG, TRUSTED_TYPES_POLICY: policy as never } : CONFIG;
  return String(purify.sanitize(dirty, config));
}

const HEAD =
  '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">' +
  '<meta name="referrer" content="no-referrer"><style>html{color-scheme:light;background:#fff;color:#16201c}' +
  'body{margin:20px;font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere}' +
  'img{max-width:100%;height:auto}table{max-width:100%}a{color:#0b6e5b}pre{white-space:pre-wrap}' +
  'blockquote{margin:0 0 0 2px;padding-left:14px;border-left:2px solid #e3e0d6}' +
  '.mayfly-blocked{display:inline-block;box-sizing:border-box;max-width:100%;overflow:hidden;padding:6px 10px;background:#f2f0e9;outline:1px dashed #d6d2c4;outline-offset:-1px;border-radius:4px;color:#5f6b64;font:13px/1.4 system-ui,sans-serif}' +
  '.mayfly-blocked:empty{padding:0}' +
  /* Mail laid out for 600 px on a phone: widths that were set give way, shares stay. */
  '@media(max-width:620px){body{margin:12px}table[width]:not([width$="%"]),table[style*="width"],.mayfly-blocked{width:100%!important;min-width:0!important}' +
  'td[width]:not([width$="%"]),th[width]:not([width$="%"]),td[style*="width"]{width:auto!important;min-width:0!important}div[style*="width"]{max-width:100%!important;min-width:0!important}}' +
  '</style></head>';

/** Washes a mail's HTML for the frame. Total: any text in, a whole document out. */
export function cleanMail(dirty: string, opts: CleanOpts): Clean {
  const found: Found = { remote: new Set(), trackers: new Set() };
  const whole = wash(dirty, opts, found);
  const start = whole.search(/<body/i);
  const styles = [...whole.slice(0, Math.max(0, start)).matchAll(/<style[^>]*>[^<]*<\/style>/gi)].map((m) => m[0]).join('');
  const body = start < 0 ? whole : whole.slice(start).replace(/<\/html>\s*$/i, '');
  const hosts = [...new Set([...found.remote].map(hostOf).filter(Boolean))].sort();
  return {
    html: `${HEAD}${styles}${body}</html>`,
    blocked: { remote: found.remote.size, trackers: found.trackers.size, hosts },
  };
}

const INLINE = /^image\/(png|jpe?g|gif|webp|avif)$/i;
const INLINE_MAX = 2 << 20; /* bytes of inline pictures put into one frame; the server takes 4 MiB of HTML */

/** The inline pictures of a mail, fetched and turned into data: URLs for cleanMail. */
export async function inlinePictures(
  parts: { n: number; content_id: string; content_type: string; size: number }[],
  load: (n: number) => Promise<Blob>,
): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  let left = INLINE_MAX;
  for (const p of parts) {
    if (!p.content_id || !INLINE.test(p.content_type) || p.size > left) continue;
    left -= p.size;
    const bytes = await load(p.n).catch(() => null);
    if (bytes) out.set(p.content_id, await dataUrl(bytes, p.content_type));
  }
  return out;
}

function dataUrl(bytes: Blob, type: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const r = new FileReader();
    r.onload = () => resolve(String(r.result));
    r.onerror = () => reject(new Error('read'));
    r.readAsDataURL(new Blob([bytes], { type: type.toLowerCase() }));
  });
}
