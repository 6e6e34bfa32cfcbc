// Values that tests share.
import type { BoxInfo, Item } from '../src/shape';
import { boxFrom, type Box } from '../src/state';

export function item(n: number, more: Partial<Item> = {}): Item {
  return {
    id: `m${n}`, uid: n, folder: 'INBOX', from: { name: 'Ann', address: 'ann@example.com' }, subject: `Mail ${n}`, received_at: 1e12 + n,
    size: 100, seen: false, flagged: false, answered: false, junk: false, intro: '', code: null, codeCopy: '', files: 0, to: [], ...more,
  };
}

export const info = (id: string, more: Partial<BoxInfo> = {}): BoxInfo => ({
  id, address: `${id}@mayfly.test`, created_at: 1e12, expires_at: 1e12 + 3_600_000, idle_ttl: 0, ends_after: 0, received: 0, guessable: false,
  now: 0, quota: { messages: 0, max_messages: 10, bytes: 0, max_bytes: 0 }, folders: [{ name: 'INBOX', total: 0, unseen: 0 }], sending: { policy: 'open', stopped: false, max_recipients: 10, max_bytes: 0 }, forward: null, ...more,
});

export const box = (id: string): Box => boxFrom(info(id), `token-${id}`, '');
export const flush = async (): Promise<void> => { for (let i = 0; i < 20; i++) await Promise.resolve(); };
