// Before the first paint: the chosen theme and language, so that nothing flashes. No module: it must not wait.
(function () {
  var root = document.documentElement;
  try {
    var s = JSON.parse(localStorage.getItem('mayfly.settings') || '{}');
    if (s.theme === 'light' || s.theme === 'dark') root.dataset.theme = s.theme;
    if (typeof s.lang === 'string' && /^[a-z]{2}$/.test(s.lang)) {
      root.lang = s.lang;
      root.dir = s.lang === 'ar' ? 'rtl' : 'ltr';
    }
  } catch (e) {
    /* storage is closed to us: the defaults do */
  }
})();
