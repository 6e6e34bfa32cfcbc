import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toasts } from '../src/toasts.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => (toasts.clear(), void vi.useRealTimers()));
const texts = (): string[] => toasts.list.map((x) => x.text);

it('leaves by itself, an error only when closed', () => {
  toasts.show('done');
  toasts.error('no');
  toasts.error('no');
  vi.advanceTimersByTime(4100);
  expect(texts()).toEqual(['no']);
});

it('waits while it is held, and then for its whole time', () => {
  toasts.show('held', { ms: 1000 });
  const { id } = toasts.list[0]!;
  toasts.hold(id, true);
  vi.advanceTimersByTime(9000);
  toasts.hold(id, false);
  vi.advanceTimersByTime(900);
  expect(texts()).toEqual(['held']);
  vi.advanceTimersByTime(200);
  expect(texts()).toEqual([]);
});

it('ends when its act does, held or not', () => {
  toasts.show('Sent', { ms: 1000, ends: true, act: { label: 'Undo sending', run: () => undefined } });
  toasts.hold(toasts.list[0]!.id, true);
  vi.advanceTimersByTime(900);
  toasts.hold(toasts.list[0]!.id, false);
  expect(texts()).toEqual(['Sent']);
  vi.advanceTimersByTime(200);
  expect(texts()).toEqual([]);
});

it('has just come for half a second', () => {
  toasts.show('Sent', { act: { label: 'Undo', run: () => undefined } });
  expect(toasts.list[0]!.early).toBe(true);
  vi.advanceTimersByTime(600);
  expect(toasts.list[0]!.early).toBe(false);
});

it('does its work once it is gone, whatever sends it away, but not when its act was taken', () => {
  const gone = vi.fn(), run = vi.fn();
  const show = (text: string): number => toasts.show(text, { act: { label: 'Undo', run }, gone });
  show('timed');
  vi.advanceTimersByTime(4100);
  expect(gone).toHaveBeenCalledTimes(1);
  for (const text of ['a', 'b', 'c', 'd']) show(text);
  expect(texts()).toEqual(['b', 'c', 'd']);
  expect(gone).toHaveBeenCalledTimes(2);
  toasts.undo();
  expect(texts()).toEqual(['b', 'c']);
  expect(run).toHaveBeenCalledTimes(1);
  expect(gone).toHaveBeenCalledTimes(2);
  toasts.clear();
  expect(gone).toHaveBeenCalledTimes(4);
  vi.advanceTimersByTime(9000);
  expect(gone).toHaveBeenCalledTimes(4);
});
