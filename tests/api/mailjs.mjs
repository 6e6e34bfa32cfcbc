// The whole life of an account through @cemalgnlts/mailjs. mailjs.mjs BASE_URL SMTP_ADDRESS
import assert from 'node:assert';
import net from 'node:net';
import Mailjs from '@cemalgnlts/mailjs';

const [base, smtp] = process.argv.slice(2);

function send(to, subject) {
  const [host, port] = smtp.split(':');
  const lines = ['EHLO client.test', 'MAIL FROM:<joe@example.test>', `RCPT TO:<${to}>`, 'DATA',
    `From: Joe <joe@example.test>\r\nTo: <${to}>\r\nSubject: ${subject}\r\n\r\nYour code is 482913\r\n.`, 'QUIT'];
  return new Promise((resolve, reject) => {
    const s = net.connect(Number(port), host);
    let text = '';
    s.on('error', reject).on('close', () => resolve(text));
    s.on('data', (d) => {
      text += d;
      if (/^\d{3} .*\r\n$/m.test(String(d)) && lines.length > 0) s.write(lines.shift() + '\r\n');
    });
  });
}

const m = new Mailjs();
m.baseUrl = base;
m.baseMercure = `${base}/.well-known/mercure`;
const must = async (call) => {
  const r = await call;
  assert.ok(r.status, JSON.stringify(r));
  return r.data;
};

const made = await must(m.createOneAccount());
assert.match(made.username, /^[0-9a-f]{16}@/);
assert.equal((await must(m.me())).address, made.username);
const got = { arrive: [], seen: [], delete: [] };
const next = (kind) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`no ${kind} event`)), 10_000);
  m.on(kind, (data) => { clearTimeout(timer); got[kind].push(data); resolve(data); });
});
const open = new Promise((resolve) => m.on('open', resolve));
await open;
let due = next('arrive');
await send(made.username, 'Hello there');
const arrived = await due;
assert.equal(arrived.subject, 'Hello there');
assert.equal(arrived.from.address, 'joe@example.test');
const list = await must(m.getMessages());
assert.equal(list.length, 1);
const whole = await must(m.getMessage(list[0].id));
assert.match(whole.text, /482913/);
due = next('seen');
await must(m.setMessageSeen(list[0].id));
assert.equal((await due).id.length > 0, true);
assert.equal((await must(m.getMessage(list[0].id))).seen, true);
assert.match((await must(m.getSource(list[0].id))).data, /Subject: Hello there/);
due = next('delete');
await must(m.deleteMessage(list[0].id));
await due;
assert.equal((await must(m.getMessages())).length, 0);
const again = new Mailjs();
again.baseUrl = base;
await must(again.login(made.username, made.password));
await must(again.loginWithToken(again.token));
assert.equal((await again.login(made.username, 'wrong password')).statusCode, 401);
await must(m.deleteMe());
assert.equal((await again.me()).statusCode, 401);
process.exit(0);
