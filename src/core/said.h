/* What readers have said of senders, on the disk, so that a restart does not forget it: a file a box, of records that
 * are sealed to the box's own key and locked with its lease. So the server adds to it and cannot read it: what it says
 * counts again once the holder has opened the box. It is noise from the box's end on, and erased. One a process; any
 * thread. */
#pragma once
#include "core/auth.h"
#include "trust/teacher.h"

enum { SAID_WORDS_MAX = 64 }; /* of a box; the older half goes when there are more */

struct said;
[[nodiscard]] enum err said_new(const char *dir, struct said **out); /* made when it is not there; borrowed */
void said_free(struct said *s);                                      /* NULL is fine */
/* Writes down what was just said; what cannot be written counts until the restart. s may be NULL. */
void said_note(struct said *s, struct opened *o, const struct teacher_word *word);
/* Tells the teacher what was said before this process began, once a box. s and t may be NULL. */
void said_recall(struct said *s, struct teacher *t, struct opened *o);
void said_end(struct said *s, const struct box_id *box); /* the box has ended; s may be NULL */
