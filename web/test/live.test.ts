import { beforeEach, describe, expect, it } from 'vitest';
import { Live, sseFeed, type LiveOpts, type Status, type Watched } from '../src/live';
import type { Item, LiveEvent } from '../src/shape';
import { flush, item } from './help';

class FakeSocket {
  readyState = 0;
  sent: unknown[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  send(x: string) { this.sent.push(JSON.parse(x)); }
  close() { this.closed = true; }
  open() { this.readyState = 1; this.onopen?.(); }
  say(e: unknown) { this.onmessage?.({ data: typeof e === 'string' ? e : JSON.stringify(e) }); }
  die() { this.onclose?.(); }
}

/** A network and a clock that the test moves. */
class World {
  now = 0;
  timers: { at: number; run: () => void; id: number }[] = [];
  sockets: FakeSocket[] = [];
  events: LiveEvent[] = [];
  states: Status[] = [];
  streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  lastIds: string[] = [];
  held: ((m: Item | null) => void)[] = [];
  sse = true;
  online = true;
  hold = true;
  opts: LiveOpts = {
    socket: () => { const s = new FakeSocket(); this.sockets.push(s); return s as unknown as WebSocket; },
    events: (_t, lastId) => {
      this.lastIds.push(lastId);
      return this.sse ? Promise.resolve(new ReadableStream<Uint8Array>({ start: (c) => void this.streams.push(c) })) : Promise.reject(new Error('no'));
    },
    wait: () => (this.hold ? new Promise((r) => void this.held.push(r)) : Promise.reject(new Error('no'))),
    onEvent: (e) => void this.events.push(e),
    onStatus: (s) => void this.states.push(s),
    now: () => this.now,
    after: (ms, run) => { this.timers.push({ at: this.now + ms, run, id: this.timers.length + 1 }); return this.timers.length; },
    cancel: (id) => void (this.timers[id - 1] && (this.timers[id - 1]!.at = Infinity)),
    random: () => 0.5,
    online: () => this.online,
  };
  live = new Live(this.opts);
  get state(): Status { return this.states.at(-1)!; }
  get socket(): FakeSocket { return this.sockets.at(-1)!; }
  async go(ms: number) {
    const end = this.now + ms;
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now = next.at;
      next.at = Infinity;
      next.run();
      await flush();
    }
    this.now = end;
  }
}
const A: Watched = { id: 'a', token: 'ta', uid: 0 };
const B: Watched = { id: 'b', token: 'tb', uid: 0 };
let w: World;
beforeEach(() => void (w = new World()));

describe('over the socket', () => {
  it('signs in with its first frame, is live at ready, and asks for what it missed', () => {
    w.live.watch([A, B]);
    expect(w.state.kind).toBe('connecting');
    w.socket.open();
    expect(w.socket.sent).toEqual([{ auth: 'ta' }, { auth: 'tb' }]);
    expect(w.state.kind).toBe('connecting');
    w.socket.say({ type: 'ready', mailbox: 'a', expires_at: '2030-01-01T00:00:00Z' });
    expect(w.state).toEqual({ kind: 'live', over: 'socket', since: 0 });
    expect(w.events.filter((e) => e.type === 'resync').map((e) => e.mailbox)).toEqual(['a', 'b']);
  });
  it('watches one more box on the same socket', () => {
    w.live.watch([A]);
    w.socket.open();
    w.socket.say({ type: 'ready', mailbox: 'a' });
    w.events = [];
    w.live.watch([B, A]);
    expect(w.sockets).toHaveLength(1);
    expect(w.socket.sent).toEqual([{ auth: 'ta' }, { auth: 'tb' }]);
    w.socket.say({ type: 'ready', mailbox: 'b' });
    w.socket.say({ type: 'ready', mailbox: 'b' });
    expect(w.events.filter((e) => e.type === 'resync').map((e) => e.mailbox)).toEqual(['b']);
  });
  it('signs a box in that comes between opening and ready', () => {
    w.live.watch([A]);
    w.socket.open();
    w.live.watch([A, B]);
    expect(w.socket.sent).toEqual([{ auth: 'ta' }, { auth: 'tb' }]);
  });
  it('passes on events, and passes over noise', () => {
    w.live.watch([A]);
    w.socket.open();
    w.socket.say({ type: 'ready', mailbox: 'a' });
    w.events = [];
    w.socket.say('{');
    w.socket.say({ type: 'weather' });
    w.socket.say({ type: 'message.new', mailbox: 'a', message: { id: 'x', uid: 1 } });
    expect(w.events.map((e) => e.type)).toEqual(['message.new']);
  });
  it('comes back with growing patience, and stays a socket once one has worked', async () => {
    w.live.watch([A]);
    w.socket.open();
    w.socket.say({ type: 'ready', mailbox: 'a' });
    w.socket.die();
    expect(w.state).toEqual({ kind: 'lost', retryAt: 1000 });
    await w.go(1000);
    expect(w.sockets).toHaveLength(2);
    w.socket.open();
    w.socket.say({ type: 'ready', mailbox: 'a' });
    expect(w.state.kind).toBe('live');
    expect(w.events.filter((e) => e.type === 'resync')).toHaveLength(2);
  });
  it('says offline where it never was on line, and goes on trying', async () => {
    w.online = false;
    w.live.watch([A]);
    w.socket.die();
    expect(w.state.kind).toBe('offline');
    await w.go(1100);
    expect(w.sockets).toHaveLength(2);
  });
  it('tries at once when told to', () => {
    w.live.watch([A]);
    w.socket.die();
    w.live.retry();
    expect(w.sockets).toHaveLength(2);
  });
  it('ignores a socket that it has given up', () => {
    w.live.watch([A]);
    const old = w.socket;
    w.live.retry();
    old.open();
    old.say({ type: 'ready', mailbox: 'a' });
    expect(w.state.kind).toBe('connecting');
    expect(old.closed).toBe(true);
  });
  it('gives up a socket that opens but never says ready', async () => {
    w.live.watch([A]);
    w.socket.open();
    await w.go(8000);
    expect(w.state.kind).toBe('lost');
  });
});

describe('where no socket gets through', () => {
  const noSocket = async () => {
    w.live.watch([{ ...A, uid: 3 }, B]);
    w.socket.die();
    await w.go(1100);
    w.socket.die();
    await w.go(2200);
  };
  it('listens to the event stream, and resumes where it broke', async () => {
    await noSocket();
    expect(w.state).toMatchObject({ kind: 'live', over: 'events' });
    const enc = new TextEncoder();
    w.streams[0]!.enqueue(enc.encode('id: 7\ndata: {"type":"message.deleted",'));
    w.streams[0]!.enqueue(enc.encode('"mailbox":"a","id":"x"}\n\n: ping\n\n'));
    await flush();
    expect(w.events.at(-1)).toEqual({ type: 'message.deleted', mailbox: 'a', id: 'x' });
    w.streams[0]!.close();
    await flush();
    await w.go(2000);
    expect(w.lastIds).toEqual(['', '7']);
    w.live.close();
  });
  it('holds the line when streams fail too', async () => {
    w.sse = false;
    await noSocket();
    await w.go(20_000);
    expect(w.state).toMatchObject({ kind: 'live', over: 'wait' });
    w.held[0]!(item(9));
    await flush();
    expect(w.events.at(-1)).toMatchObject({ type: 'message.new', mailbox: 'a', message: { id: 'm9' } });
    w.live.close();
  });
  it('tries a socket again after a while', async () => {
    await noSocket();
    const n = w.sockets.length;
    await w.go(120_000);
    expect(w.sockets.length).toBe(n + 1);
    w.live.close();
  });
});

it('says when there is nothing to watch or no network', () => {
  w.live.watch([A]);
  w.live.offline();
  expect(w.state.kind).toBe('offline');
  w.live.watch([]);
  expect(w.state.kind).toBe('idle');
});

describe('event streams', () => {
  it('are cut at empty lines, whatever the line ends', () => {
    expect(sseFeed('data: a\r\n\r\nid:2\ndata:b\ndata: c\n\nda')).toEqual({ events: [{ id: '', data: 'a' }, { id: '2', data: 'b\nc' }], rest: 'da' });
  });
  it('never pile up without an end', () => {
    expect(sseFeed('x'.repeat(2 << 20)).rest).toBe('');
  });
});
