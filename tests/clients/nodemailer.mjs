// npm's nodemailer: nodemailer.mjs FOLDER ADDRESS TOKEN PORT TLS_PORT TO
import { createRequire } from "node:module";

const [folder, user, pass, port, tlsPort, to] = process.argv.slice(2);
const nodemailer = createRequire(folder + "/")("nodemailer");

for (const way of [{ port: Number(port), secure: false, requireTLS: true }, { port: Number(tlsPort), secure: true }]) {
    const way_ = { host: "127.0.0.1", auth: { user, pass }, tls: { rejectUnauthorized: false }, ...way };
    const sent = await nodemailer.createTransport(way_).sendMail({
        from: user,
        to,
        subject: "nodemailer grüßt",
        text: "body from nodemailer äöü\n.\n..\n",
        html: "<p>body from nodemailer</p>",
        attachments: [{ filename: "a.bin", content: Buffer.from([0, 13, 10, 46, 255]) }],
    });
    if (sent.accepted.length !== 1) throw new Error(JSON.stringify(sent));
}
