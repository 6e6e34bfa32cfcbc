// The only WebSocket of the page, and what stands in for it: server-sent events, then a held request, when a proxy in
// between lets no socket through. Who listens gets LiveEvents and a Status in either case, and a 'resync' after each
// gap. Everything from outside (sockets, requests, timers, chance) is handed in, so a test plays the network.
import { liveEvent, type Item, type LiveEvent } from './shape';

export type Status =
  | { kind: 'idle' }
  | { kind: 'connecting' }
  | { kind: 'live'; over: 'socket' | 'events' | 'wait'; since: number }
  | { kind: 'lost'; retryAt: number }
  | { kind: 'offline' };

export interface Watched { id: string; token: string; uid: number }

export interface LiveOpts {
  socket: () => WebSocket;
  events: (token: string, lastId: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  wait: (token: string, since: number, signal: AbortSignal) => Promise<Item | null>;
  onEvent: (e: LiveEvent) => void;
  onStatus: (s: Status) => void;
  /** Does the browser know of a network at all? */
  online?: () => boolean;
  now?: () => number;
  after?: (ms: number, run: () => void) => number;
  cancel?: (timer: number) => void;
  random?: () => number;
}

const FAILS_BEFORE_FALLBACK = 2;
const READY_MS = 8_000;
const SOCKET_AGAIN_MS = 120_000;
const BACKOFF_MAX_MS = 30_000;
type Way = 'socket' | 'events' | 'wait';

export class Live {
  private readonly o: Required<LiveOpts>;
  private boxes: Watched[] = [];
  /** Added while the line was up, and not ready yet: nobody has asked what they hold. */
  private fresh = new Set<string>();
  private ws: WebSocket | null = null;
  private stop: AbortController | null = null;
  private timer = 0;
  private again = 0;
  private way: Way = 'socket';
  private fails = 0;
  private tries = 0;
  private lastId = '';
  private up = false;

  constructor(opts: LiveOpts) {
    this.o = {
      online: () => true,
      now: Date.now,
      after: (ms, run) => setTimeout(run, ms) as unknown as number,
      cancel: (t) => clearTimeout(t),
      random: Math.random,
      ...opts,
    };
  }

  /** Says which boxes to watch; the first is the one on screen, and the only one that the fallbacks follow. */
  watch(boxes: Watched[]): void {
    const known = new Set(this.boxes.map((b) => b.id));
    const focus = this.boxes[0]?.id;
    const fewer = this.boxes.some((b) => !boxes.some((x) => x.id === b.id));
    this.boxes = boxes;
    if (boxes.length === 0) return this.close();
    if (this.way === 'socket' && this.ws && !fewer) {
      for (const b of boxes) if (!known.has(b.id)) this.send(b), this.fresh.add(b.id);
      return;
    }
    if (this.way !== 'socket' && focus === boxes[0]?.id && this.stop) return;
    this.lastId = '';
    this.connect();
  }

  retry(): void {
    this.tries = 0;
    if (this.boxes.length > 0) this.connect();
  }

  offline(): void {
    this.drop();
    this.o.onStatus({ kind: 'offline' });
  }

  close(): void {
    this.drop();
    this.boxes = [];
    this.o.onStatus({ kind: 'idle' });
  }

  private drop(): void {
    this.o.cancel(this.timer);
    this.o.cancel(this.again);
    this.stop?.abort();
    this.stop = null;
    const ws = this.ws;
    this.ws = null;
    this.up = false;
    this.fresh.clear();
    ws?.close();
  }

  private connect(): void {
    this.drop();
    if (this.tries === 0) this.o.onStatus({ kind: 'connecting' });
    if (this.way === 'socket') this.connectSocket();
    else void this.connectStream(this.way);
  }

  private connectSocket(): void {
    let ws: WebSocket;
    try {
      ws = this.o.socket();
    } catch {
      return this.failed();
    }
    this.ws = ws;
    const mine = (): boolean => this.ws === ws;
    this.timer = this.o.after(READY_MS, () => mine() && this.failed());
    ws.onopen = () => {
      if (mine()) this.boxes.forEach((b) => this.send(b));
    };
    ws.onmessage = (e: MessageEvent<unknown>) => {
      if (mine() && typeof e.data === 'string') this.take(e.data);
    };
    ws.onclose = () => mine() && this.failed();
  }

  private send(b: Watched): void {
    if (this.ws?.readyState === 1) this.ws.send(JSON.stringify({ auth: b.token }));
  }

  /** One frame or event: what cannot be read is passed over, what is unknown too. */
  private take(data: string): void {
    let e: LiveEvent | null = null;
    try {
      e = liveEvent(JSON.parse(data));
    } catch {
      return;
    }
    if (!e) return;
    if (e.type === 'ready' && !this.up) this.isUp('socket');
    if (e.mailbox === '' && this.boxes.length === 1) e = { ...e, mailbox: this.boxes[0]!.id };
    this.o.onEvent(e);
    if (e.type === 'ready' && this.fresh.delete(e.mailbox)) this.o.onEvent({ type: 'resync', mailbox: e.mailbox });
  }

  private isUp(over: Way): void {
    this.o.cancel(this.timer);
    this.up = true;
    this.fails = 0;
    this.tries = 0;
    this.o.onStatus({ kind: 'live', over, since: this.o.now() });
    for (const b of this.boxes) this.o.onEvent({ type: 'resync', mailbox: b.id });
    if (over !== 'socket') this.again = this.o.after(SOCKET_AGAIN_MS, () => this.trySocket());
  }

  private trySocket(): void {
    this.way = 'socket';
    this.fails = FAILS_BEFORE_FALLBACK - 1;
    this.connect();
  }

  private async connectStream(way: 'events' | 'wait'): Promise<void> {
    const stop = new AbortController();
    this.stop = stop;
    const box = this.boxes[0]!;
    try {
      await (way === 'events' ? this.readEvents(box, stop.signal) : this.holdLine(box, stop.signal));
    } catch {
      /* the line broke: said by failed() */
    }
    if (this.stop === stop) this.failed();
  }

  private async readEvents(box: Watched, signal: AbortSignal): Promise<void> {
    const reader = (await this.o.events(box.token, this.lastId, signal)).getReader();
    const text = new TextDecoder();
    if (signal.aborted) return;
    this.isUp('events');
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      const got = sseFeed(rest + text.decode(value, { stream: true }));
      rest = got.rest;
      for (const e of got.events) {
        if (e.id) this.lastId = e.id;
        this.take(e.data);
      }
    }
  }

  private async holdLine(box: Watched, signal: AbortSignal): Promise<void> {
    let since = box.uid;
    this.isUp('wait');
    while (!signal.aborted) {
      const message = await this.o.wait(box.token, since, signal);
      if (signal.aborted || !message) continue;
      since = Math.max(since, message.uid);
      this.o.onEvent({ type: 'message.new', mailbox: box.id, message });
    }
  }

  private failed(): void {
    const wasUp = this.up;
    this.drop();
    this.fails++;
    this.tries++;
    if (this.fails >= FAILS_BEFORE_FALLBACK && !wasUp) {
      this.way = this.way === 'socket' ? 'events' : this.way === 'events' ? 'wait' : 'socket';
      this.fails = 0;
    }
    const ms = Math.min(BACKOFF_MAX_MS, 500 * 2 ** Math.min(this.tries, 7)) * (0.75 + this.o.random() / 2);
    this.o.onStatus(this.o.online() ? { kind: 'lost', retryAt: this.o.now() + ms } : { kind: 'offline' });
    this.timer = this.o.after(ms, () => this.connect());
  }
}

const SSE_MAX = 1 << 20; /* characters of one event; a list item is a few thousand */

/** Cuts whole events off a stream's text (HTML standard, section 9.2.6); the rest waits for more. */
export function sseFeed(text: string): { events: { id: string; data: string }[]; rest: string } {
  const parts = text.replace(/\r\n?/g, '\n').split('\n\n');
  const rest = parts.pop()!;
  const events = parts.flatMap((part) => {
    let id = '';
    const data: string[] = [];
    for (const line of part.split('\n')) {
      if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      else if (line.startsWith('id:')) id = line.slice(3).trim();
    }
    return data.length > 0 ? [{ id, data: data.join('\n') }] : [];
  });
  return { events, rest: rest.length > SSE_MAX ? '' : rest };
}
