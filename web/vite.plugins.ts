// Three small build steps: the theme script that must run before the first paint, the service worker with its list of
// files, and a .gz beside every text file, so that the server never compresses at run time.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import ar from './src/i18n/ar';
import de from './src/i18n/de';
import en from './src/i18n/en';
import es from './src/i18n/es';
import zh from './src/i18n/zh';

const here = fileURLToPath(new URL('.', import.meta.url));
const hash = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** What stands on the page until there is an address, in each language. */
const FIRST_WORDS = Object.fromEntries(Object.entries({ en, zh, es, de, ar }).map(([lang, words]) => [lang, words['address.making']]));

/** Emits src/boot.js, minified by hand, as a classic script with a hashed name and puts it into the head; index.html and
 * it get the first words. */
export function boot(): Plugin {
  let name = '';
  return {
    name: 'mayfly-boot',
    apply: 'build',
    buildStart() {
      const source = readFileSync(join(here, 'src/boot.js'), 'utf8').replace('__WORDS__', JSON.stringify(FIRST_WORDS));
      name = `assets/boot-${hash(source)}.js`;
      this.emitFile({ type: 'asset', fileName: name, source });
    },
    transformIndexHtml: (html) => ({
      html: html.replace('%boot%', FIRST_WORDS['en'] as string),
      tags: [{ tag: 'script', attrs: { src: `/${name}`, async: true }, injectTo: 'head-prepend' }],
    }),
  };
}

const files = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? files(join(dir, e.name)) : [join(dir, e.name)],
  );

/** Writes dist/sw.js from src/sw.js with the list of shell files, without what few ask for (reasons, rare alphabets); its cache is named after their contents. */
export function serviceWorker(): Plugin {
  let out = 'dist';
  return {
    name: 'mayfly-sw',
    apply: 'build',
    configResolved: (c) => void (out = join(c.root, c.build.outDir)),
    closeBundle() {
      const shell = files(out)
        .map((f) => relative(out, f).split(sep).join('/'))
        .filter((f) => !/\.(gz|txt)$/.test(f) && f !== 'sw.js' && f !== 'index.html' && !/-(cyrillic|vietnamese|latin-ext|symbols)|\/why-/.test(f))
        .sort();
      const source = readFileSync(join(here, 'src/sw.js'), 'utf8');
      const key = hash(shell.join() + hash(readFileSync(join(out, 'index.html'))) + hash(source));
      const head = `const SHELL = ${JSON.stringify(shell.map((f) => `/${f}`))};\nconst CACHE = 'mayfly-${key}';\n`;
      writeFileSync(join(out, 'sw.js'), head + source);
    },
  };
}

/** Puts a .gz beside each text file of dist. */
export function precompress(): Plugin {
  let out = 'dist';
  return {
    name: 'mayfly-precompress',
    apply: 'build',
    enforce: 'post',
    configResolved: (c) => void (out = join(c.root, c.build.outDir)),
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        for (const file of files(out).filter((f) => /\.(js|css|html|svg|json|webmanifest|txt)$/.test(f)))
          writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: constants.Z_BEST_COMPRESSION }));
      },
    },
  };
}
