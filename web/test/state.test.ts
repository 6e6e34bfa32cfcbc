import { describe, expect, it } from 'vitest';
import * as st from '../src/state';
import type { Attempt, LiveEvent } from '../src/shape';
import { box, info, item } from './help';

const start = (...ids: string[]): st.State => {
  let s = st.empty;
  for (const id of ids) s = st.setPage(st.addBox(s, box(id)), id, 'INBOX', { messages: [], next_cursor: null }, false);
  return s;
};
const ids = (s: st.State): string[] => st.shown(s).items.map((i) => i.id);
const run = (s: st.State, ...events: LiveEvent[]): st.State => events.reduce(st.apply, s);
const came = (mailbox: string, n: number, more = {}): LiveEvent => ({ type: 'message.new', mailbox, message: item(n, more) });

describe('mail that arrives', () => {
  it('stands on top, counts once, and is fresh', () => {
    const s = run(start('a'), came('a', 1), came('a', 2), came('a', 2));
    expect(ids(s)).toEqual(['m2', 'm1']);
    expect(st.unseen(st.current(s)!)).toBe(2);
    expect(s.fresh).toEqual(['m1', 'm2']);
    expect(st.current(s)!.quota.messages).toBe(2);
  });
  it('goes to its own box and folder and leaves what is read alone', () => {
    const s = run(st.opened(run(start('a', 'b'), came('b', 1)), 'm1'), came('a', 5), came('b', 6, { folder: 'Junk' }));
    expect(s.current).toBe('b');
    expect(ids(s)).toEqual(['m1']);
    expect(s.open).toBe('m1');
    expect(st.listOf(st.boxOf(s, 'a'), 'INBOX').items.map((i) => i.id)).toEqual(['m5']);
    expect(st.current(s)!.folders.find((f) => f.name === 'Junk')).toMatchObject({ total: 1, unseen: 1 });
  });
  it('of a box that is not known changes nothing', () => {
    const s = start('a');
    expect(run(s, came('x', 1))).toBe(s);
  });
  it('keeps its place by uid when it is late', () => {
    expect(ids(run(start('a'), came('a', 9), came('a', 4), came('a', 7)))).toEqual(['m9', 'm7', 'm4']);
  });
});

describe('marks and moves', () => {
  it('are taken from other devices', () => {
    const s = run(start('a'), came('a', 1), { type: 'message.changed', mailbox: 'a', id: 'm1', seen: true, flagged: true });
    expect(st.shown(s).items[0]).toMatchObject({ seen: true, flagged: true });
    expect(st.unseen(st.current(s)!)).toBe(0);
  });
  it('move a mail to Junk and close it', () => {
    let s = run(start('a'), came('a', 1));
    s = st.setPage(s, 'a', 'Junk', { messages: [], next_cursor: null }, false);
    s = run(st.opened(s, 'm1'), { type: 'message.changed', mailbox: 'a', id: 'm1', folder: 'Junk' });
    expect(s.open).toBeNull();
    expect(ids(s)).toEqual([]);
    expect(st.listOf(st.current(s), 'Junk').items[0]).toMatchObject({ folder: 'Junk', junk: true });
  });
  it('are undone: deleted mail comes back where it was', () => {
    const s = run(start('a'), came('a', 1), came('a', 2), came('a', 3));
    const gone = st.removed(st.toggleSelected(s, 'm2'), 'a', ['m2']);
    expect(ids(gone)).toEqual(['m3', 'm1']);
    expect(gone.selected).toEqual([]);
    expect(ids(st.put(gone, 'a', [item(2)]))).toEqual(['m3', 'm2', 'm1']);
  });
  it('close a mail that was deleted elsewhere', () => {
    const s = run(st.opened(run(start('a'), came('a', 1)), 'm1'), { type: 'message.deleted', mailbox: 'a', id: 'm1' });
    expect(s.open).toBeNull();
    expect(st.current(s)!.quota.messages).toBe(0);
  });
});

describe('pages', () => {
  const page = (from: number, to: number, next: string | null) => ({ messages: Array.from({ length: from - to + 1 }, (_, i) => item(from - i)), next_cursor: next });
  it('append below and never twice', () => {
    let s = st.setPage(start('a'), 'a', 'INBOX', page(10, 6, 'x'), false);
    s = st.setPage(run(s, came('a', 11)), 'a', 'INBOX', page(6, 1, null), true);
    expect(ids(s)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => `m${n}`));
    expect(st.shown(s).cursor).toBeNull();
  });
  it('that come again replace what was deleted meanwhile', () => {
    let s = st.setPage(start('a'), 'a', 'INBOX', page(5, 1, null), false);
    s = st.setPage(s, 'a', 'INBOX', { messages: [item(5), item(3)], next_cursor: null }, false);
    expect(ids(s)).toEqual(['m5', 'm3']);
  });
});

describe('a page that was asked for before', () => {
  it('neither loses what came meanwhile nor brings back what went', () => {
    let s = st.addBox(st.empty, box('a'));
    const before = st.idsOf(st.current(s), 'INBOX');
    s = st.setPage(run(s, came('a', 9)), 'a', 'INBOX', { messages: [item(8), item(7)], next_cursor: null }, false, before);
    expect(ids(s)).toEqual(['m9', 'm8', 'm7']);
    const again = st.idsOf(st.current(s), 'INBOX');
    s = run(s, { type: 'message.deleted', mailbox: 'a', id: 'm8' }, came('a', 10));
    s = st.setPage(s, 'a', 'INBOX', { messages: [item(9), item(8), item(7)], next_cursor: null }, false, again);
    expect(ids(s)).toEqual(['m10', 'm9', 'm7']);
  });
});

describe('boxes', () => {
  it('just made are known to be empty; the first page that is asked for takes nothing back', () => {
    const s = st.addBox(st.empty, st.newborn(box('a')));
    expect(st.shown(s)).toEqual({ items: [], cursor: null, loaded: true });
    const later = st.setPage(st.apply(s, { type: 'message.new', mailbox: 'a', message: item(1) }), 'a', 'INBOX', { messages: [], next_cursor: null }, false, new Set());
    expect(st.shown(later).items.map((i) => i.id)).toEqual(['m1']);
  });
  it('come to the front, once', () => {
    const s = st.addBox(start('a', 'b'), box('a'));
    expect(s.boxes.map((b) => b.id)).toEqual(['a', 'b']);
    expect(s.current).toBe('a');
  });
  it('that end on screen say how; others go quietly', () => {
    const s = start('a', 'b');
    const quiet = run(s, { type: 'mailbox.ended', mailbox: 'a' });
    expect(quiet).toMatchObject({ current: 'b', ended: null });
    const loud = run(s, { type: 'mailbox.ended', mailbox: 'b' });
    expect(loud.ended).toMatchObject({ address: 'b@mayfly.test', how: 'time' });
    expect(loud.boxes.map((b) => b.id)).toEqual(['a']);
    expect(JSON.stringify(loud)).not.toContain('token-b');
  });
  it('keep mail, token and words when the server tells more of them', () => {
    const s = st.updateBox(run(start('a'), came('a', 1)), info('a', { expires_at: 5 }));
    expect(st.current(s)).toMatchObject({ expiresAt: 5, token: 'token-a' });
    expect(ids(s)).toEqual(['m1']);
  });
  it('take new rules from other devices', () => {
    const s = run(start('a'), { type: 'mailbox.changed', mailbox: 'a', expires_at: 7, ends_after: 3 });
    expect(st.current(s)).toMatchObject({ expiresAt: 7, endsAfter: 3, idleTtl: 0 });
  });
  it('show no mail of one another', () => {
    const s = st.select(st.opened(run(start('a', 'b'), came('b', 1)), 'm1'), 'a');
    expect(s).toMatchObject({ current: 'a', open: null, results: null, selected: [] });
    expect(ids(s)).toEqual([]);
  });
});

it('steps from mail to mail and stops at the ends', () => {
  const s = run(start('a'), came('a', 1), came('a', 2), came('a', 3));
  expect(st.neighbour(st.opened(s, 'm2'), 1)).toBe('m1');
  expect(st.neighbour(st.opened(s, 'm2'), -1)).toBe('m3');
  expect(st.neighbour(st.opened(s, 'm1'), 1)).toBeNull();
  expect(st.neighbour(s, 1)).toBe('m3');
});

it('search results follow marks and deletions', () => {
  let s = st.setResults(run(start('a'), came('a', 1), came('a', 2)), 'mail', { messages: [item(2), item(1)], next_cursor: null }, false);
  s = st.removed(st.marked(s, 'a', 'm1', { seen: true }), 'a', ['m2']);
  expect(ids(s)).toEqual(['m1']);
  expect(st.shown(s).items[0]!.seen).toBe(true);
  expect(ids(st.clearResults(s))).toEqual(['m1']);
});

describe('the mail that takes the place of those deleted', () => {
  const s = run(start('a'), came('a', 1), came('a', 2), came('a', 3), came('a', 4)); /* on screen: m4 m3 m2 m1 */
  it.each([
    ['the next older', ['m3'], 'm2'], ['past others that go too', ['m3', 'm2'], 'm1'], ['the next newer at the end', ['m1'], 'm2'],
    ['none where all go', ['m1', 'm2', 'm3', 'm4'], ''],
  ])('is %s', (_, gone, want) => expect(st.after(s, gone as string[])).toBe(want));
});

describe('attempts', () => {
  const attempt = (at: number, code = '554 5.7.1'): Attempt => ({ at, domain: 'shop.example', tls: '', result: 'refused', code, reason: 'no', cause: '' });
  it('are kept newest first, each once, and no more than twenty', () => {
    let s = st.setAttempts(start('a'), 'a', [attempt(2), attempt(1)]);
    s = st.apply(s, { type: 'trace', mailbox: 'a', attempt: attempt(2) });
    expect(st.current(s)!.attempts.map((a) => a.at)).toEqual([2, 1]);
    for (let i = 3; i < 30; i++) s = st.apply(s, { type: 'trace', mailbox: 'a', attempt: attempt(i) });
    expect(st.current(s)!.attempts.map((a) => a.at)).toEqual(Array.from({ length: 20 }, (_, i) => 29 - i));
  });
});

describe('mail that is sent', () => {
  const gone = (state: 'queued' | 'sent' | 'failed', id = 'o1') => ({ type: 'message.sending', mailbox: 'a', sending: { id, message: 'm1', state, recallable: false, not_before: 0, next_try_at: 0, recipients: [{ address: `${id}@b`, state, reason: '' }] } }) as LiveEvent;
  it('has one fate, the last that was told', () => {
    const s = run(start('a'), gone('queued'), gone('sent'), gone('failed', 'o2'));
    expect(st.current(s)!.outbox.map((o) => `${o.id} ${o.state}`)).toEqual(['o2 failed', 'o1 sent']);
    expect(st.fateOf(st.current(s), 'm1')?.id).toBe('o2');
    const about = (envelope_id: string, address: string, original = '') =>
      st.reportedMail(st.current(s), { envelope_id, by: 'mx', more: 0, recipients: [{ address, original, action: 'failed', status: '', reason: '' }] })?.id;
    expect([about('o1', 'x@y'), about('', 'o2@b'), about('', 'x@y', 'o2@b'), about('', 'x@y')]).toEqual(['o1', 'o2', 'o2', undefined]);
  });
  it('does not count as received, and names whom it went to', () => {
    const s = run(start('a'), came('a', 1, { folder: 'Sent', seen: true, to: [{ name: 'Ben', address: 'ben@example.com' }] }), came('a', 2));
    expect(st.current(s)!.received).toBe(1);
    expect(st.knownPeople(st.current(s)!).map((p) => p.address).sort()).toEqual(['ann@example.com', 'ben@example.com']);
  });
});
