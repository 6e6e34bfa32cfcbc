// Start-up. The still page of index.html stands until there is an address to show, and is then replaced by the whole
// live one in a step: nothing is drawn twice, and nothing moves. The work is cut into tasks (module, answer, page), so
// that a click in between is heard. The service worker takes the shell in once the page has nothing better to do.
import './styles.css';
import { flushSync, mount } from 'svelte';
import { app, BUILT } from './app.svelte';
import App from './App.svelte';
import { onKey } from './keys';
import { scriptUrl } from './trusted';

const PATIENCE_MS = 1500; /* a slow line: the live page shows the waiting, too, and its panels open */
const QUIET_MS = 3000;

const pause = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));

async function begin(): Promise<void> {
  await pause(0);
  const started = app.start();
  await pause(0);
  const site = app.loadSite(); /* what the server offers decides what the page has: it comes along, not after */
  void document.fonts.load('500 30px "Geist Mono Variable"'); /* there before the address is, so that it is set once */
  await Promise.race([Promise.all([started, site]), pause(PATIENCE_MS)]);
  await pause(0);
  const still = document.getElementById('app')!;
  const page = still.cloneNode() as HTMLElement;
  mount(App, { target: page });
  for (const step of Object.values(BUILT)) {
    await pause(0);
    app.built = step;
    flushSync();
  }
  await pause(0);
  still.replaceWith(page);
  addEventListener('keydown', onKey);
  await started;
  app.resume();
}

void begin();
if ('serviceWorker' in navigator && isSecureContext)
  addEventListener('load', () => setTimeout(() => void navigator.serviceWorker.register(scriptUrl('/sw.js') as string).catch(() => undefined), QUIET_MS));
