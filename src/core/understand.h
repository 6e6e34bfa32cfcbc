/* One message read and understood: the part tree, and its summary as the members of a JSON object. Pure. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "wire/mime.h"

enum { UNDERSTAND_ARENA = 24 * 1024 * 1024, SUMMARY_MAX = 64 * 1024 };

/* What was found out about its sender, as JSON values; empty where nothing was. */
struct understand_trust {
    struct str auth, verdict;
};
/* Parses msg into the arena and appends to json: from, to, cc, reply_to, message_id, subject, date, intro, code, codes,
 * links, html, attachments, auth, verdict, defects (DESIGN section 8), without braces. ERR_BAD: the message cannot be
 * read, *why says it in a static sentence. ERR_FULL: the arena. */
[[nodiscard]] enum err understand(struct arena *a, struct str msg, const struct understand_trust *trust,
                                  struct mime_tree *tree, struct buf *json, const char **why);
/* What is read all the same, but not taken from strangers: ERR_BAD, *why says it. */
[[nodiscard]] enum err understand_check(const struct mime_tree *t, struct str msg, const char **why);
