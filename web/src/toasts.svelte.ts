// What the page says in passing, at the foot of the window. A word of success leaves by itself, but not while a pointer
// or the focus is on it, unless what it offers ends by itself; an error stays until it is closed. A toast may offer one
// act, and may have something to do once it is gone and nobody acted (a deletion waits for that).
export interface Act { label: string; run: () => void; undoes?: boolean }
export interface Toast {
  id: number; text: string; kind: 'info' | 'error'; act?: Act; gone?: () => void;
  /** Its act helps no longer than its time, which nothing holds. */
  ends?: boolean;
  /** It has only just come: a click now was meant for what was there before, as the second of a double click is. */
  early: boolean;
}

const TOAST_MS = 4_000;
const EARLY_MS = 500;
const AT_ONCE = 3;

class Toasts {
  list: Toast[] = $state.raw([]);
  private next = 0;
  private ms = new Map<number, number>();
  private timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** Answers what dismiss() takes. */
  show(text: string, more: { act?: Act; gone?: () => void; ms?: number; ends?: boolean } = {}): number {
    const { ms = TOAST_MS, ...rest } = more;
    const id = this.add({ text, kind: 'info', ...rest });
    this.ms.set(id, ms);
    this.time(id, ms);
    return id;
  }

  error(text: string): void {
    if (text && !this.list.some((x) => x.text === text)) this.add({ text, kind: 'error' });
  }

  private add(toast: Omit<Toast, 'id' | 'early'>): number {
    const id = ++this.next;
    while (this.list.length >= AT_ONCE) this.dismiss(this.list[0]!.id);
    this.list = [...this.list, { ...toast, id, early: true }];
    setTimeout(() => (this.list = this.list.map((x) => (x.id === id ? { ...x, early: false } : x))), EARLY_MS);
    return id;
  }

  /** Stops a toast's time, or lets it begin anew. */
  hold(id: number, on: boolean): void {
    const ms = this.ms.get(id);
    if (ms === undefined || this.list.some((x) => x.id === id && x.ends)) return;
    clearTimeout(this.timers.get(id));
    if (!on) this.time(id, ms);
  }

  private time(id: number, ms: number): void {
    this.timers.set(id, setTimeout(() => this.dismiss(id), ms));
  }

  act(id: number): void {
    const x = this.take(id);
    x?.act?.run();
  }

  dismiss(id: number): void {
    this.take(id)?.gone?.();
  }

  clear(): void {
    for (const x of this.list) this.dismiss(x.id);
  }

  /** Takes back the last thing that can be. */
  undo(): void {
    const x = this.list.findLast((one) => one.gone ?? one.act?.undoes);
    if (x) this.act(x.id);
  }

  private take(id: number): Toast | undefined {
    const x = this.list.find((one) => one.id === id);
    this.list = this.list.filter((one) => one.id !== id);
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.ms.delete(id);
    return x;
  }
}

export const toasts = new Toasts();
