// A question stands where the button was that asked for it, so the focus goes along, and back once it is answered.
import { tick } from 'svelte';

/** Attached to what the question offers first; `box` is around both, `back` the button that comes again. */
export const take = (box: string, back: string) => (button: HTMLElement) => {
  const around = button.closest(box)!;
  button.focus();
  return () => void tick().then(() => document.activeElement === document.body && around.querySelector<HTMLElement>(back)?.focus());
};
