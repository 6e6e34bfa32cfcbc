// A title that is worked out when a pointer comes near: exact times cost a formatter each, and few are ever read.
import type { Action } from 'svelte/action';

export const tip: Action<HTMLElement, () => string> = (el, text) => {
  let say = text;
  const show = (): void => void (el.title = say());
  el.addEventListener('pointerenter', show);
  return { update: (next) => void (say = next), destroy: () => el.removeEventListener('pointerenter', show) };
};
