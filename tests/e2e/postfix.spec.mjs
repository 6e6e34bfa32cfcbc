// The whole way, with nobody of ours at the far end: a mail is answered in the page, with a file, and arrives in a mailbox of
// Debian's Postfix; the copy in Sent is there for a mail program.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeBrowser, mail, reader, serve } from './lib.mjs';

const FAR = fileURLToPath(new URL('../out/postfix.py', import.meta.url));
const SENT = `
import imaplib, sys
port, user, secret = sys.argv[1:]
m = imaplib.IMAP4("127.0.0.1", int(port))
m.login(user, secret)
m.select("Sent", readonly=True)
n = m.search(None, "ALL")[1][0].split()
print(len(n))
sys.stdout.buffer.write(m.fetch(n[-1], "(RFC822)")[1][0][1])
m.logout()
`;

test('a reply arrives at Postfix, and its copy is in Sent over IMAP', async (t) => {
  const far = spawn('python3', [FAR], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: far.stdout })[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await lines.next()).value);
  const where = await line();
  if (where.skip) return t.skip(where.skip);
  const server = await serve('auth.cleartext=loopback', 'send.unchecked=true', `smtp_out.relay_host=${where.host}`, `smtp_out.relay_port=${where.port}`, 'smtp_out.allow_private=true');
  try {
    const r = await reader(server);
    const { page } = r;
    const address = await r.open();
    await r.live();
    await page.route('**/api/v1/mailbox/send', (x) => x.continue({ postData: JSON.stringify({ ...x.request().postDataJSON(), undo: 1 }) }));
    const alice = `alice@${where.domain}`;
    await server.send(address, mail({ from: `Alice <${alice}>`, subject: 'Lunch on Friday?', text: 'Shall we eat at the harbour?' }), { from: alice });
    await r.row('Lunch').click();
    await page.locator('.answers').getByRole('button', { name: 'Reply', exact: true }).click();
    const composer = page.locator('.composer');
    await composer.getByText('From here you can write to those who wrote to you.').waitFor();
    await composer.locator('textarea').pressSequentially('Yes, gladly. Grüße');
    await composer.locator('input[type=file]').setInputFiles([{ name: 'Weg.txt', mimeType: 'text/plain', buffer: Buffer.from('left, then right') }]);
    await composer.getByText('Draft saved').waitFor();
    await composer.getByRole('button', { name: 'Send' }).click();
    await page.locator('.toast', { hasText: 'Mail is on its way' }).waitFor();
    far.stdin.write('1\n');
    const [came] = await line();
    assert.match(came, /^In-Reply-To: <.*@sender\.example>$/m);
    assert.match(came, /Yes, gladly\. Gr=C3=BC=C3=9Fe/);
    assert.match(came, new RegExp(`filename="?Weg\\.txt"?[\\s\\S]*${Buffer.from('left, then right').toString('base64')}`));
    await page.locator('.folder', { hasText: 'Sent' }).click();
    await page.locator('.rows .fate.sent').waitFor();
    const token = await page.evaluate(() => JSON.stringify(localStorage).match(/mf1_[\w-]+/)[0]);
    const imap = spawnSync('python3', ['-c', SENT, String(server.port('imap.listen')), address, token], { encoding: 'utf8', timeout: 20_000 });
    assert.match(imap.stdout, /^1\n/, imap.stderr);
    assert.match(imap.stdout, /Yes, gladly\. Gr=C3=BC=C3=9Fe/);
    assert.deepEqual(r.seen.errors, []);
    await r.close();
  } finally {
    await closeBrowser();
    await server.close();
    far.stdin.end();
  }
});
