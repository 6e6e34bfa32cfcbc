// A draft that goes on: its formatting stays as long as its text does.
import { beforeEach, expect, it, vi } from 'vitest';
import * as api from '../src/api';
import { Composer } from '../src/compose.svelte';
import type { Beginning } from '../src/shape';
import { box, flush } from './help';

vi.mock('../src/api', async (real) => ({ ...(await real<typeof api>()), begin: vi.fn(), draft: vi.fn() }));
vi.mock('../src/app.svelte', () => ({ app: { box: null, errorText: String, errorToast: () => undefined } }));

const begun = (more: Partial<Beginning>): Beginning => ({
  to: [{ name: '', address: 'ann@example.com' }], cc: [], bcc: [], subject: 'Hello', text: 'Bold words\n', html: '', html_left_out: false, in_reply_to: '', draft: 'd1', refused: null, attachments: [], ...more,
});
async function opened(b: Beginning): Promise<Composer> {
  vi.mocked(api.begin).mockResolvedValue(b);
  const c = new Composer({ kind: 'edit', box: box('a'), id: 'd1' });
  await flush();
  return c;
}
async function saved(c: Composer, subject: string, text: string): Promise<api.Written> {
  c.subject = subject;
  c.text = text;
  c.touch();
  await c.save();
  return vi.mocked(api.draft).mock.lastCall![2];
}
beforeEach(() => void vi.mocked(api.draft).mockReset().mockResolvedValue('d2'));

it('keeps its formatting as long as its text is what it was', async () => {
  const c = await opened(begun({ html: '<b>Bold</b> words' }));
  expect(c.formatting).toBe('kept');
  expect((await saved(c, 'Other', 'Bold words')).html).toBe('<b>Bold</b> words');
  expect('html' in (await saved(c, 'Other', 'Bold words, and more'))).toBe(false);
  expect(c.formatting).toBe('lost');
  expect((await saved(c, 'Other', 'Bold words')).html).toBe('<b>Bold</b> words');
});

it('of text alone is text alone', async () => {
  const c = await opened(begun({}));
  expect(c.formatting).toBe('none');
  expect('html' in (await saved(c, 'Other', 'Bold words'))).toBe(false);
});

it('says from the start what it cannot keep', async () => {
  const c = await opened(begun({ html_left_out: true }));
  expect(c.formatting).toBe('left');
  expect('html' in (await saved(c, 'Other', 'Bold words'))).toBe(false);
  expect(c.formatting).toBe('left');
});

it.each(['send_unknown_to_box', 'send_no_way_out'])('that could not be sent says so while whom it is for is named: %s', async (code) => {
  const c = await opened(begun({ refused: { address: 'ann@example.com', code, detail: 'no' } }));
  expect(c.bar).toContain('ann@example.com');
  c.text = 'More words';
  c.touch();
  expect(c.bar).toContain('ann@example.com');
  c.drop('to', 'ann@example.com');
  expect(c.bar).toBe('');
});
