// Proof of work, when the server asks for some before it makes a box: loaded and run only then, beside the page.
import { scriptUrl } from './trusted';
import workerUrl from './pow.worker?worker&url';

export function solve(challenge: string, bits: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(scriptUrl(workerUrl) as string, { type: 'module' });
    worker.onmessage = (e: MessageEvent<string>) => {
      worker.terminate();
      resolve(e.data);
    };
    worker.onerror = () => {
      worker.terminate();
      reject(new Error('pow'));
    };
    worker.postMessage({ challenge, bits });
  });
}
