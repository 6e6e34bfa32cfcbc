// How the page calls for a glance: title, icon, a system notification and a soft sound, the last two only on request.
import { current, listOf, unseen, type State } from './state';
import type { Settings } from './store';
import { grouped } from './time';

const NAME = 'mayfly';
let shown = '';

/** Title and icon follow the unread mail of all addresses; a fresh code stands in the title. */
export function badge(s: State): void {
  const n = s.boxes.reduce((sum, b) => sum + unseen(b), 0);
  const code = listOf(current(s), 'INBOX').items.find((i) => !i.seen)?.code;
  const title = n === 0 ? NAME : `(${n}) ${code ? `${grouped(code)} · ` : ''}${NAME}`;
  if (title === shown) return;
  shown = title;
  document.title = title;
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (icon) icon.href = n > 0 ? '/icon-new.svg' : '/icon.svg';
}

export function alertMail(settings: Settings, title: string, body: string, open: () => void): void {
  if (settings.sound) chime();
  if (!settings.notify || !('Notification' in globalThis) || Notification.permission !== 'granted') return;
  if (document.visibilityState === 'visible' && document.hasFocus()) return;
  try {
    const n = new Notification(title, { body, icon: '/icon-192.png', tag: NAME });
    n.onclick = () => {
      focus();
      n.close();
      open();
    };
  } catch {
    /* some phones allow it to service workers only; ours has no business with mail */
  }
}

let audio: AudioContext | null = null;

/** Two soft notes, a fifth apart. The first time must be a click (Settings): browsers let no page sound unasked. */
export function chime(): void {
  audio ??= new AudioContext();
  const at = audio.currentTime;
  [587.33, 880].forEach((hz, i) => {
    const tone = audio!.createOscillator();
    const gain = audio!.createGain();
    const from = at + i * 0.11;
    tone.frequency.value = hz;
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(0.08, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + 0.5);
    tone.connect(gain).connect(audio!.destination);
    tone.start(from);
    tone.stop(from + 0.55);
  });
}
