// npm's mailauth: mailauth_arc.mjs FOLDER RECORDS.json MAIL…; a line each: the result of its ARC chain.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, records, ...mails] = process.argv.slice(2);
const require = createRequire(folder + "/");
const { dkimVerify } = require("mailauth/lib/dkim/verify.js");
const { arc } = require("mailauth/lib/arc/index.js");
const zone = JSON.parse(readFileSync(records, "utf8"));

async function resolver(name, type) {
    if (type !== "TXT" || !zone[name]) throw Object.assign(new Error("not found"), { code: "ENOTFOUND" });
    return [[zone[name]]];
}

for (const mail of mails) {
    const seen = await dkimVerify(readFileSync(mail), { resolver });
    console.log((await arc(seen.arc, { resolver })).status.result);
}
