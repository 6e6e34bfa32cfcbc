// npm's imapflow against a box with three mails: imapflow.mjs FOLDER ADDRESS TOKEN PORT TLS_PORT
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [folder, user, pass, port, tlsPort] = process.argv.slice(2);
const { ImapFlow } = createRequire(folder + "/")("imapflow");

function client(options) {
    return new ImapFlow({ host: "127.0.0.1", auth: { user, pass }, logger: false, tls: { rejectUnauthorized: false }, ...options });
}

async function subjects(c) {
    const out = [];
    for await (const m of c.fetch("1:*", { envelope: true, bodyStructure: true, flags: true })) out.push(m.envelope.subject);
    return out;
}

const c = client({ port: Number(tlsPort), secure: true });
await c.connect();
const names = (await c.list()).map((f) => f.path);
assert.deepEqual(names.sort(), ["Drafts", "INBOX", "Junk", "Sent", "Trash"]);
await c.mailboxOpen("INBOX");
assert.deepEqual(await subjects(c), ["one", "long", "ü"]);
const whole = await c.fetchOne("1", { source: true });
assert.match(whole.source.toString(), /first\r\n$/);
assert.ok(await c.messageFlagsAdd("1", ["\\Flagged"]));
assert.deepEqual(await c.search({ flagged: true }), [1]);
assert.equal((await c.messageMove("2", "Trash")).destination, "Trash");
assert.ok(await c.messageDelete("2"));
assert.deepEqual(await subjects(c), ["one"]);

const told = new Promise((done) => c.on("exists", (e) => done(e.count)));
const idling = c.idle();
const other = client({ port: Number(port), secure: false });
await other.connect();
assert.ok((await other.append("INBOX", "Subject: four\r\n\r\nx\r\n", ["\\Seen"])).uid > 0);
await other.logout();
assert.equal(await told, 2);
await c.noop();
await idling;
await c.logout();
