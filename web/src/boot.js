// As early as can be without holding up the first paint: the chosen theme and language. Who has chosen was here before,
// so this comes from the cache, and nothing flashes. And the first words, in the reader's language.
(function () {
  var root = document.documentElement;
  var words = {
    zh: '正在生成一个接下来一小时用的地址。只有这个浏览器能打开它，到期后什么都不会留下。',
    es: 'Se está creando una dirección para la próxima hora. Solo este navegador podrá abrirla, y al terminar no queda nada.',
    de: 'Eine Adresse für die nächste Stunde entsteht. Nur dieser Browser wird sie öffnen können, und am Ende bleibt nichts übrig.',
    ar: 'يجري إنشاء عنوان للساعة القادمة. هذا المتصفح وحده سيفتحه، ولا يبقى شيء عند انتهائه.',
  };
  var lang = '';
  (navigator.languages || []).some(function (l) {
    var two = l.slice(0, 2).toLowerCase();
    if (two === 'en' || words[two]) lang = two;
    return lang;
  });
  try {
    var s = JSON.parse(localStorage.getItem('mayfly.settings') || '{}');
    if (s.theme === 'light' || s.theme === 'dark') root.dataset.theme = s.theme;
    if (words[s.lang] || s.lang === 'en') lang = s.lang;
  } catch (e) {
    /* storage is closed to us: the defaults do */
  }
  if (!words[lang]) return;
  root.lang = lang;
  root.dir = lang === 'ar' ? 'rtl' : 'ltr';
  var say = function () {
    var el = document.getElementById('boot');
    if (el) el.textContent = words[lang];
    return el;
  };
  if (!say()) document.addEventListener('DOMContentLoaded', say);
})();
