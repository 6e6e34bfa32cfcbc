// Start-up: words, theme, page; then the service worker, which nothing waits for.
import './styles.css';
import { mount } from 'svelte';
import { app } from './app.svelte';
import App from './App.svelte';
import { onKey } from './keys';
import { scriptUrl } from './trusted';

const root = document.getElementById('app')!;
root.replaceChildren();
mount(App, { target: root });
addEventListener('keydown', onKey);
void app.start();

if ('serviceWorker' in navigator && isSecureContext)
  addEventListener('load', () => void navigator.serviceWorker.register(scriptUrl('/sw.js') as string).catch(() => undefined));
