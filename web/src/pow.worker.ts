import { search } from './sha256';

self.onmessage = (e: MessageEvent<{ challenge: string; bits: number }>) => {
  self.postMessage(search(e.data.challenge, e.data.bits));
};
