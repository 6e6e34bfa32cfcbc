/* A reader's click "junk" or "not junk", or one that is taken back: the message is read with the reader's own key and
 * shown to the teacher, and what that says of its author is written down. */
#pragma once
#include "core/mail_at.h"
#include "core/said.h"
#include "trust/teacher.h"

struct lesson_word {
    bool spam, back; /* back: it is no longer said, and nothing in its place */
};
/* said may be NULL. who: from where the click came. Goes on by itself, and answers nobody: the click was carried out
 * already. t NULL: nothing. A message that cannot be read any more teaches nothing. */
void lesson_give(const struct mail_at *at, struct teacher *t, struct said *said, const struct peer *who,
                 const struct msg_id *id, struct lesson_word word);
