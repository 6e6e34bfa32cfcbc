import { describe, expect, it } from 'vitest';
import * as shape from '../src/shape';

describe('answers', () => {
  it('without what matters are refused', () => {
    expect(() => shape.item({})).toThrow(shape.BadAnswer);
    expect(() => shape.item('x')).toThrow(shape.BadAnswer);
    expect(() => shape.page({})).toThrow(shape.BadAnswer);
    expect(() => shape.boxInfo({ id: 'a', address: 'b' })).toThrow(shape.BadAnswer);
    expect(() => shape.newBox({ id: 'a', address: 'b', expires_at: '2026-01-01T00:00:00Z' })).toThrow(shape.BadAnswer);
    expect(() => shape.site({ domains: [] })).toThrow(shape.BadAnswer);
  });
  it('with less than today’s fields get defaults', () => {
    const m = shape.message({ id: 'a', attachments: [{ n: 2, content_id: '<x@y>' }, 7], codes: 'no', auth: null, verdict: 3 });
    expect(m).toMatchObject({ folder: 'INBOX', subject: '', code: null, codes: [], text: '', html: false, word: '', scan: '', files: 1 });
    expect(m.attachments).toEqual([{ n: 2, filename: '', content_type: '', size: 0, sha256: '', inline: false, content_id: 'x@y', dangerous: false, verdict: '' }]);
  });
  it('of odd kinds never reach the page as they are', () => {
    const m = shape.message({ id: 'a', subject: { toString: 1 }, from: 'x@y', to: [null, 'z@y'], seen: 'yes', size: Infinity });
    expect(m).toMatchObject({ subject: '', from: { name: '', address: 'x@y' }, seen: false, size: 0 });
    expect(m.to).toEqual([{ name: '', address: '' }, { name: '', address: 'z@y' }]);
  });
  it('tell how many are left out of their lists', () => {
    expect(shape.message({ id: 'a' }).left_out).toEqual({ to: 0, cc: 0, attachments: 0 });
    expect(shape.message({ id: 'a', left_out: { to: 3, cc: 'x', reply_to: 1, attachments: 7 } }).left_out).toEqual({ to: 3, cc: 0, attachments: 7 });
  });
  it('say what a report reports', () => {
    const to = { address: 'a@b', original: null, action: 'failed', status: '5.1.1', reason: 'no such user', code: 550 };
    expect(shape.message({ id: 'a', report: { envelope_id: null, reporting_mta: 'mx.b', more: 2, recipients: [to, 7, { ...to, action: 'eaten', reason: null }] } }).report).toEqual({
      envelope_id: '', by: 'mx.b', more: 2,
      recipients: [{ address: 'a@b', original: '', action: 'failed', status: '5.1.1', reason: 'no such user' }, { address: 'a@b', original: '', action: 'unknown', status: '5.1.1', reason: '' }],
    });
    for (const report of [undefined, 3, {}, { recipients: [] }]) expect(shape.message({ id: 'a', report }).report).toBeNull();
  });
  it('show the parts of a report that are for people as files, and no others', () => {
    const files = ['text/plain', 'message/delivery-status', 'message/rfc822', 'text/rfc822-headers', 'message/global-headers'].map((content_type, n) => ({ n, content_type }));
    const to = { address: 'a@b', action: 'failed' };
    const m = shape.message({ id: 'a', attachments: files, report: { recipients: [to] } });
    expect(m.attachments.map((a) => a.n)).toEqual([0, 2]);
    expect(m.files).toBe(2);
    expect(shape.message({ id: 'a', attachments: files }).files).toBe(5);
  });
  it('know what this server wrote itself', () => {
    expect(shape.message({ id: 'a', auth: { origin: 'server' } }).auth.own).toBe(true);
    for (const origin of [undefined, null, true, 'Server', 'mx.example']) expect(shape.message({ id: 'a', auth: { origin } }).auth.own).toBe(false);
  });
  it('name a box at the top or as mailbox', () => {
    const box = { id: 'a', address: 'a@b', expires_at: '2026-01-01T00:00:00Z' };
    expect(shape.newBox({ ...box, token: 't', recovery: 'w' })).toMatchObject({ token: 't', recovery: 'w', box: { id: 'a' } });
    expect(shape.newBox({ mailbox: box, token: 't' })).toMatchObject({ token: 't', recovery: '', box: { id: 'a' } });
  });
  it('say where else mail goes', () => {
    const box = { id: 'a', address: 'a@b', expires_at: '2026-01-01T00:00:00Z' };
    expect(shape.boxInfo({ ...box, forward: { to: 'x@y', confirmed: true } }).forward).toEqual({ to: 'x@y', confirmed: true });
    expect(shape.boxInfo({ ...box, forward: { to: 'x@y', confirmed: 'yes' } }).forward).toEqual({ to: 'x@y', confirmed: false });
    for (const forward of [undefined, null, 'x@y', {}, { to: 7 }]) expect(shape.boxInfo({ ...box, forward }).forward).toBeNull();
  });
  it('carry times as text, seconds or milliseconds', () => {
    expect(shape.time('1970-01-01T00:00:01Z')).toBe(1000);
    expect(shape.time(1_700_000_000)).toBe(1_700_000_000_000);
    expect(shape.time(1_700_000_000_000)).toBe(1_700_000_000_000);
    expect(shape.time('soon')).toBe(0);
  });
});

describe('live events', () => {
  it('are known by their type, others are passed over', () => {
    expect(shape.liveEvent({ type: 'message.deleted', mailbox: 'a', id: 'x' })).toEqual({ type: 'message.deleted', mailbox: 'a', id: 'x' });
    expect(shape.liveEvent({ type: 'message.changed', mailbox: 'a', id: 'x', seen: false })).toEqual({ type: 'message.changed', mailbox: 'a', id: 'x', seen: false });
    expect(shape.liveEvent({ type: 'mailbox.changed', mailbox: 'a', expires_at: '1970-01-01T00:00:01Z' })).toEqual({ type: 'mailbox.changed', mailbox: 'a', expires_at: 1000 });
    expect(shape.liveEvent({ type: 'weather' })).toBeNull();
    expect(shape.liveEvent([])).toBeNull();
    expect(shape.liveEvent({ type: 'message.new', mailbox: 'a' })).toBeNull();
  });
});

describe('attempts', () => {
  const said = { at: '2026-11-27T10:00:00Z', domain: 'shop.example', tls: null, result: 'refused', code: '554 5.7.1', reason: 'no', cause: null };
  it('reads a list, newest first, and what is told live', () => {
    const read = { at: Date.parse('2026-11-27T10:00:00Z'), domain: 'shop.example', tls: '', result: 'refused', code: '554 5.7.1', reason: 'no', cause: '' };
    expect(shape.attempts({ attempts: [said, 7, { ...said, result: 'melted', domain: null, code: null }] })).toEqual([read, { ...read, domain: '', code: '' }]);
    expect(shape.liveEvent({ type: 'trace', mailbox: 'b', attempt: said })).toEqual({ type: 'trace', mailbox: 'b', attempt: read });
    expect(shape.liveEvent({ type: 'trace', mailbox: 'b' })).toBeNull();
  });
  it('knows causes, and passes over those of a later server', () => {
    const causes = ['greylisted', 'block_list', 'moonlight', null, 7, undefined].map((cause) => ({ ...said, cause }));
    expect(shape.attempts({ attempts: causes }).map((a) => a.cause)).toEqual(['greylisted', 'block_list', '', '', '', '']);
  });
});
