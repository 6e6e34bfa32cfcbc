// npm's mailauth: mailauth.mjs FOLDER RECORDS.json MAIL…; a line each: the results of its signatures.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, records, ...mails] = process.argv.slice(2);
const { dkimVerify } = createRequire(folder + "/")("mailauth/lib/dkim/verify.js");
const zone = JSON.parse(readFileSync(records, "utf8"));

async function resolver(name, type) {
    if (type !== "TXT" || !zone[name]) throw Object.assign(new Error("not found"), { code: "ENOTFOUND" });
    return [[zone[name]]];
}

for (const mail of mails) {
    const { results } = await dkimVerify(readFileSync(mail), { resolver });
    console.log(results.map((r) => `${r.algo} ${r.status.result}`).join(", "));
}
