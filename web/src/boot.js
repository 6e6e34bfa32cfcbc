// As early as can be without holding up the first paint: the chosen theme and language. Who has chosen was here before,
// so this comes from the cache, and nothing flashes. And the first words, in the reader's language.
(function () {
  var root = document.documentElement;
  var words = __WORDS__; /* vite.plugins.ts puts the catalogues' in */
  var lang = '';
  (navigator.languages || []).some(function (l) {
    var two = l.slice(0, 2).toLowerCase();
    if (words[two]) lang = two;
    return lang;
  });
  try {
    var s = JSON.parse(localStorage.getItem('mayfly.settings') || '{}');
    if (s.theme === 'light' || s.theme === 'dark') root.dataset.theme = s.theme;
    if (words[s.lang]) lang = s.lang;
  } catch (e) {
    /* storage is closed to us: the defaults do */
  }
  if (!lang || lang === 'en') return;
  root.lang = lang;
  root.dir = lang === 'ar' ? 'rtl' : 'ltr';
  var say = function () {
    var el = document.getElementById('boot');
    if (el) el.textContent = words[lang];
    return el;
  };
  if (!say()) document.addEventListener('DOMContentLoaded', say);
})();
