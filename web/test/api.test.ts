// What outlives the page: the browser gives up every other request when the page goes.
import { beforeEach, expect, it, vi } from 'vitest';
import * as api from '../src/api';

const fetched = vi.fn<typeof fetch>();
vi.stubGlobal('fetch', fetched);
beforeEach(() => void fetched.mockReset().mockImplementation(() => Promise.resolve(new Response('{"id":"d2","draft":"d1"}'))));
const keptAlive = (): boolean => fetched.mock.lastCall![1]!.keepalive === true;
const written = (text: string): api.Written => ({ to: [], cc: [], bcc: [], subject: '', text, attachments: [] });

it('deletions, marks and what is taken back arrive though the page goes', async () => {
  await api.remove('t', 'm1');
  expect(keptAlive()).toBe(true);
  await api.mark('t', 'm1', { seen: true });
  expect(keptAlive()).toBe(true);
  await api.recall('t', 's1');
  expect(keptAlive()).toBe(true);
  await api.testMail('t');
  expect(keptAlive()).toBe(false);
});

it('so does a draft, as long as two of its size may be on their way', async () => {
  expect(await api.draft('t', 'd1', written('é'.repeat(14_000)), () => undefined)).toBe('d2');
  expect(keptAlive()).toBe(true);
  fetched.mockClear();
  vi.stubGlobal('XMLHttpRequest', class { upload = {}; open(): void {} setRequestHeader(): void {} send(): void {} });
  void api.draft('t', 'd1', written('é'.repeat(15_000)), () => undefined);
  expect(fetched).not.toHaveBeenCalled();
});
