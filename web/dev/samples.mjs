// Mails for looking at: one of each kind that the page treats in its own way.
const MIN = 60_000;
const PIC = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const auth = (spf, dkim, dmarc) => ({ spf, dkim, dmarc, arc: 'none' });

export const samples = [
  {
    from: { name: 'Example', address: 'no-reply@example.com' }, subject: 'Your verification code', intro: 'Use 739 204 to finish signing up. It is valid for ten minutes.',
    code: '739204', codes: [{ value: '739204', confidence: 0.98, reason: 'follows words that name a code' }], html: true,
    links: [{ url: 'https://example.com/confirm?t=abc', host: 'example.com', text: 'Confirm in the browser', kind: 'confirm' }, { url: 'https://example.com/help', host: 'example.com', text: 'Help', kind: 'other' }],
    text: 'Hello,\n\nyour verification code is 739 204.\nIt is valid for ten minutes. If you did not ask for it, ignore this mail.\n\nExample',
    htmlText: '<html><head><style>@import url(http://evil.test/a.css); .c{font-size:28px;letter-spacing:4px;background:url(http://evil.test/bg.png)}</style></head><body style="font-family:Georgia,serif"><h1 style="font-size:22px">Welcome to Example</h1><p>Your verification code is</p><p class="c"><b>739 204</b></p><p>It is valid for ten minutes. <a href="https://example.com/confirm?t=abc">Confirm in the browser</a> instead.</p><img src="https://img.example.com/banner.png" width="480" height="120" alt="Banner"><img src="https://track.example.com/open.gif?u=1" width="1" height="1"><img src="cid:logo@x" width="48" height="48" alt="Logo"><script>parent.postMessage("ran","*")</script></body></html>',
    attachments: [{ n: 0, filename: 'logo.png', content_type: 'image/png', size: 70, sha256: 'aa', inline: true, content_id: 'logo@x' }],
    files: { 0: Buffer.from(PIC, 'base64') },
  },
  { ago: 3 * MIN, from: { name: 'Fern & Field', address: 'hello@fernandfield.shop' }, subject: 'Welcome, and 10 % off your first order', intro: 'Thank you for joining. Here is what we grow this season, and a small thank-you.', text: 'Thank you for joining.', auth: auth('pass', 'none', 'none'), seen: true },
  {
    ago: 11 * MIN, from: { name: 'Northwind Billing', address: 'billing@northwind.example' }, subject: 'Invoice 2026-1184 for November', intro: 'Please find the invoice attached. Payment is due within 14 days.', text: 'Please find the invoice attached.\n\nPayment is due within 14 days.\n\nKind regards\nNorthwind Billing',
    attachments: [
      { n: 0, filename: 'Invoice 2026-1184.pdf', content_type: 'application/pdf', size: 184320, sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', inline: false, verdict: 'clean' },
      { n: 1, filename: 'viewer-setup.exe', content_type: 'application/x-msdownload', size: 2411724, sha256: '77', inline: false, dangerous: true },
      { n: 2, filename: 'eicar.zip', content_type: 'application/zip', size: 308, sha256: '78', inline: false, verdict: 'malware' },
    ],
  },
  { ago: 42 * MIN, from: { name: '', address: 'robot@ci.example.org' }, subject: 'Build 4121 passed', intro: 'All 1,204 tests passed in 3 min 12 s.', text: 'All 1,204 tests passed in 3 min 12 s.', auth: auth('none', 'none', 'none'), seen: true, flagged: true },
  { ago: 3 * 60 * MIN, from: { name: 'PayPaI Security', address: 'alert@paypa1-secure.example' }, subject: 'Unusual sign-in, confirm now', intro: 'We noticed an unusual sign-in. Confirm your account within 24 hours.', text: 'Confirm your account: http://paypa1-secure.example/login', auth: auth('fail', 'none', 'fail'), links: [{ url: 'http://xn--paypa-3ve.example/login', host: 'xn--paypa-3ve.example', text: 'www.paypal.com', kind: 'login' }] },
  { ago: 26 * 60 * MIN, from: { name: '日本の友だち', address: 'tomo@example.jp' }, subject: '週末の予定について', intro: 'こんにちは。土曜日は晴れるようです。', text: 'こんにちは。土曜日は晴れるようです。', seen: true },
  { ago: 50 * 60 * MIN, from: { name: 'مكتبة النور', address: 'info@noor.example' }, subject: 'رمز التحقق الخاص بك', intro: 'رمز التحقق هو 48213', code: '48213', codes: [{ value: '48213', confidence: 0.9, reason: 'رمز التحقق' }], text: 'رمز التحقق هو 48213', seen: true },
];
