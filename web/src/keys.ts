// The keyboard: one table of single keys, silent inside fields and while a panel is open, and off when the reader says
// so (WCAG 2.1.4). Three quick presses of Esc with nothing open are the panic key.
import { app } from './app.svelte';
import { t, type Key } from './i18n/i18n.svelte';
import { find, selectNone, shown, toggleSelected } from './state';
import { toasts } from './toasts.svelte';
import { copyText } from './ui/Copy.svelte';

interface Row { keys: string[]; label: Key; run: () => void }

const focusRow = (id: string): void => document.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`)?.focus();
const focused = (): string | null => document.activeElement?.closest('[data-row-of]')?.getAttribute('data-row-of') ?? null;
const target = (): string | null => app.s.open ?? focused();

/** In the reader the next mail opens; in the list the focus moves. */
function move(by: 1 | -1): void {
  if (app.s.open) return app.step(by);
  const items = shown(app.s).items;
  const at = items.findIndex((i) => i.id === focused());
  const next = items[at < 0 ? 0 : Math.min(items.length - 1, Math.max(0, at + by))];
  if (next) focusRow(next.id);
}

function copyCode(): void {
  const items = shown(app.s).items;
  const id = target() ?? items.find((i) => i.code)?.id;
  const code = (app.message?.id === id ? app.message?.codeCopy : undefined) ?? items.find((i) => i.id === id)?.codeCopy;
  if (code) void copyText(code, t('copied.code', { code: [...code].join(' ') })).then((ok) => ok && toasts.show(t('copied.code', { code })));
  else copyAddress();
}

function copyAddress(): void {
  if (app.box) void copyText(app.box.address, t('copied.address')).then((ok) => ok && toasts.show(t('copied.address')));
}

function back(): void {
  if (app.burning) app.burning = false;
  else if (app.s.open) app.closeMessage();
  else if (app.s.selected.length) app.s = selectNone(app.s);
  else if (app.s.results) void app.search('');
}

function del(): void {
  const id = target();
  app.remove(app.s.selected.length ? app.s.selected : id ? [id] : []);
}

function junk(): void {
  const id = target();
  const item = id && (find(app.box, id) ?? shown(app.s).items.find((i) => i.id === id));
  if (item) void app.junk(item.id, item.folder !== 'Junk');
}

export const KEYS: Row[] = [
  { keys: ['j', 'ArrowDown'], label: 'keys.next', run: () => move(1) },
  { keys: ['k', 'ArrowUp'], label: 'keys.previous', run: () => move(-1) },
  { keys: ['o', 'Enter'], label: 'keys.open', run: () => { const id = focused(); if (id) void app.open(id); } },
  { keys: ['u', 'Escape'], label: 'keys.back', run: back },
  { keys: ['c'], label: 'keys.code', run: copyCode },
  { keys: ['a'], label: 'keys.address', run: copyAddress },
  { keys: ['n'], label: 'keys.new', run: () => app.go('new') },
  { keys: ['x'], label: 'keys.select', run: () => { const id = focused(); if (id) app.s = toggleSelected(app.s, id); } },
  { keys: ['#', 'Delete'], label: 'keys.delete', run: del },
  { keys: ['!'], label: 'keys.junk', run: junk },
  { keys: ['z'], label: 'keys.undo', run: () => toasts.undo() },
  { keys: ['/'], label: 'keys.search', run: () => document.getElementById('search')?.focus() },
  { keys: ['i'], label: 'keys.images', run: () => document.getElementById('load-remote')?.click() },
  { keys: ['t'], label: 'keys.text', run: () => (app.mailView = app.mailView === 'html' || !app.message?.html ? 'text' : 'html') },
  { keys: ['r'], label: 'keys.reply', run: () => app.answer('reply') },
  { keys: ['R'], label: 'keys.reply_all', run: () => app.answer('reply_all') },
  { keys: ['f'], label: 'keys.forward', run: () => app.answer('forward') },
  { keys: ['w'], label: 'keys.write', run: () => void app.compose({ kind: 'new' }) },
  { keys: ['?'], label: 'keys.help', run: () => app.go('keys') },
];

const PANIC_MS = 700;
let escapes: number[] = [];

/** An Esc that still closes something is no panic: who leaves a panel in a hurry must not lose the keys. */
function panic(): boolean {
  if (app.sheet || app.composing || app.s.open || app.s.selected.length || app.s.results || app.burning) return false;
  const now = Date.now();
  escapes = [...escapes.filter((at) => now - at < PANIC_MS), now];
  return escapes.length >= 3;
}

export function onKey(e: KeyboardEvent): void {
  if (e.key === 'Escape' && !e.repeat && panic()) return void app.forgetAll(true);
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
  const el = e.target as HTMLElement;
  const typing = el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName);
  if (e.key === 'Escape' && el.id === 'search') return void (void app.search(''), el.blur());
  if (typing || app.sheet || el.closest('.composer')) return;
  const always = e.key === 'Escape' || e.key === 'ArrowDown' || e.key === 'ArrowUp';
  if (!app.settings.keys && !always) return;
  if (e.key === 'Enter') return; /* the focused control's own */
  const inTabs = el.getAttribute('role') === 'tab' || el.closest('[data-scrolls]');
  if (always && e.key !== 'Escape' && (inTabs || el.tagName === 'IFRAME')) return;
  const row = KEYS.find((r) => r.keys.includes(e.key));
  if (!row) return;
  e.preventDefault();
  row.run();
}
