import { beforeEach, expect, it } from 'vitest';
import * as store from '../src/store';

const kept = (id: string): store.Kept => ({ id, address: `${id}@mayfly.test`, token: 't', recovery: '', expiresAt: 1 });
beforeEach(() => localStorage.clear());

it('keeps what is no address beside its draft, until the draft or its box goes', () => {
  store.keepTyped('a', '', 'd1', { to: 'anna(at)example.com', cc: '' });
  store.keepTyped('b', '', 'd2', { bcc: 'ben' });
  store.keepTyped('a', '', 'd3', { to: '' });
  expect(store.typed('d1').to).toBe('anna(at)example.com');
  expect(store.typed('d3')).toEqual({ to: '', cc: '', bcc: '' });
  store.keepTyped('a', 'd1', 'd4', { to: 'anna(at)example' });
  expect(store.typed('d1').to).toBe('');
  expect(store.typed('d4').to).toBe('anna(at)example');
  store.saveBoxes([kept('a')], new Set(['a', 'b']));
  expect(store.typed('d2').bcc).toBe('');
  store.keepTyped('a', 'd4', '', {});
  expect(localStorage.getItem('mayfly.typed')).toBe('[]');
});

it('makes nothing of what is not its own', () => {
  localStorage.setItem('mayfly.typed', '[null, 5, {"box": 1}, {"box": "a", "draft": "d", "to": 7}]');
  expect(store.typed('d')).toEqual({ to: '7', cc: '', bcc: '' });
});

it('remembers what was being deleted until it is, or until its box goes', () => {
  store.keepGoing([{ box: 'a', id: 'm1' }, { box: 'b', id: 'm2' }]);
  store.keepGoing([{ box: 'a', id: 'm1' }, { box: 'a', id: 'm3' }]);
  expect(store.going().map((x) => x.id)).toEqual(['m1', 'm3', 'm2']);
  store.dropGoing('m1');
  store.saveBoxes([kept('a')], new Set(['a', 'b']));
  expect(store.going()).toEqual([{ box: 'a', id: 'm3' }]);
  localStorage.setItem('mayfly.going', '[null, 5, {"box": 1}]');
  expect(store.going()).toEqual([]);
});
