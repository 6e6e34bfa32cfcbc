import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { boot, precompress, serviceWorker } from './vite.plugins';

// What is built must run under `script-src 'self'; style-src 'self'; require-trusted-types-for 'script'`: no inline
// script or style, no inlined asset that a fetch would need, no polyfill that writes script elements.
export default defineConfig({
  /* 'tree': elements are made one by one, which at the start costs a third less than parsing HTML, and no policy need allow it. */
  plugins: [svelte({ compilerOptions: { fragments: 'tree' } }), boot(), serviceWorker(), precompress()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  test: { environment: 'jsdom', include: ['test/**/*.test.ts'], testTimeout: 120_000 }, // two busy cores are slow
});
