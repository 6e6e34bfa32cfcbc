/* One message read and understood: the part tree, and its summary as the members of a JSON object. Pure. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "trust/content.h"
#include "wire/mime.h"

enum { UNDERSTAND_ARENA = 24 * 1024 * 1024, SUMMARY_MAX = 64 * 1024 };

/* Parses msg into the arena and appends to json: from, to, cc, reply_to, message_id, subject, date, intro, code, codes,
 * links, html, attachments, report, defects (DESIGN section 8), without braces. *out is the same for the checks of what
 * it is. ERR_BAD: the message cannot be read, *why says it in a static sentence. ERR_FULL: the arena. */
[[nodiscard]] enum err understand(struct arena *a, struct str msg, struct mime_tree *tree, struct content *out,
                                  struct buf *json, const char **why);
/* Appends the last two, auth and verdict: auth is JSON, empty where nobody was asked; NULL: nothing was checked. */
void understand_put_trust(struct buf *json, struct str auth, const struct symbols *found);
/* What is read all the same, but not taken from strangers: ERR_BAD, *why says it. */
[[nodiscard]] enum err understand_check(const struct mime_tree *t, struct str msg, const char **why);
