// The shell only: the page's own files, so that it opens without a network. Mail, tokens and tickets never come
// through here: anything but a listed file or the page itself is left to the browser.
self.addEventListener('install', (e) => {
  e.waitUntil(
    caches
      .open(CACHE)
      .then((c) => c.addAll(['/', ...SHELL]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (e) => {
  const old = (k) => k.startsWith('mayfly-') && k !== CACHE;
  e.waitUntil(
    caches
      .keys()
      .then((keys) => Promise.all(keys.filter(old).map((k) => caches.delete(k))))
      .then(() => self.clients.claim()),
  );
});

const fresh = async (request) => {
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(CACHE)).put('/', answer.clone());
    return answer;
  } catch {
    return (await caches.match('/')) || Response.error();
  }
};

self.addEventListener('fetch', (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== 'GET' || url.origin !== self.location.origin || url.search) return;
  if (url.pathname === '/' && e.request.mode === 'navigate') e.respondWith(fresh(e.request));
  else if (SHELL.includes(url.pathname))
    e.respondWith(caches.match(e.request).then((hit) => hit || fetch(e.request)));
});
