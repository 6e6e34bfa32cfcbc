/* What this server makes of mail by experience, and how readers teach it: the learner, the prior, and what keeps a few
 * readers from teaching all (spam.md, privacy 4, 8, 9). One a process; any thread. */
#pragma once
#include "store/store.h"
#include "trust/corrections.h"
#include "trust/prior.h"
#include "trust/symbol.h"

enum {
    TEACHER_A_DAY = 20,         /* lessons from one box; its corrections go on counting for itself */
    TEACHER_NETWORK_A_DAY = 60, /* and from one network, however many boxes it has made */
    TEACHER_BIAS_A_DAY = 5,     /* of these the first say something of all mail, too */
    TEACHER_NETWORK_N = 16,
    TEACHER_UNDO_MS = 10 * 60 * 1000,  /* a click that is taken back within this time has not been */
    TEACHER_UNDO_MAX = 256,            /* lessons that can be taken back at one time */
    TEACHER_BOXES_MAX = 100 * 1000,    /* that teach in one day */
    TEACHER_MESSAGE_MAX = 1024 * 1024, /* octets of a message that are looked at */
    TEACHER_ENOUGH = 50,               /* labels of each kind from which on the learner may decide */
};
#define TEACHER_SCORE_MAX 5.0              /* logits of the learner alone, either way */
#define TEACHER_SCORE_NEW 1.5              /* towards junk, while labels are few: not enough for Junk */
#define TEACHER_CORRECTED SYMBOL_SCORE_MAX /* what the reader has said of this author: it decides */
#define TEACHER_UNPROVEN 2.0               /* it leans, where the author was asked about and not proven */

struct teacher_opts {
    const char *model;  /* its files, see model_file.h; the folder is there */
    struct prior prior; /* taken, also where it fails; {0}: none */
    struct str host;    /* our name in Received */
    bool learns;        /* readers' clicks teach the learner; else they count for their own box alone */
};
/* Who teaches. Boxes cost nothing, networks do: so all boxes of one network on one day are one source (learner.h). */
struct teacher_reader {
    struct box_id box;
    uint8_t network[TEACHER_NETWORK_N]; /* a keyed hash, new each day (core/limit); of no use to find an address by */
};
struct teacher;
/* ERR_BUSY: another process teaches it. ERR_BAD, ERR_DENIED: the files cannot be used. Files are opened here and
 * written by teacher_save() alone. */
[[nodiscard]] enum err teacher_new(const struct teacher_opts *o, struct teacher **out);
void teacher_free(struct teacher *t); /* NULL is fine */

/* What is known by experience of a mail, as symbols; nothing of it in from others' mail is exact (symbol.h). ERR_FULL:
 * the arena. */
[[nodiscard]] enum err teacher_judge(struct teacher *t, struct arena *a, const struct mime_tree *tree, struct str msg,
                                     struct symbols *out);
/* And what the reader of one box has said before of an author. */
enum correction teacher_said(struct teacher *t, const struct box_id *box, struct str author);
/* proven: nothing speaks against the mail being that author's. */
void teacher_add_said(enum correction said, bool proven, struct symbols *out);

/* What a box's reader has said of one author, to be written down and told again after a restart. */
struct teacher_word {
    struct correction_author author;
    enum correction what;
};
/* A reader says what a message is (the opposite of what was said of its author takes that back); msg is it, or its
 * first TEACHER_MESSAGE_MAX octets. What was said of the same message before is taken back, or, if it is the same
 * again, stands. True: *word is what counts of its author from now on; false: it has none. */
bool teacher_told(struct teacher *t, const struct teacher_reader *who, const struct msg_id *id, struct str msg,
                  bool spam, int64_t now_ms, struct teacher_word *word);
/* The reader no longer says that; what says otherwise by now stands. True: *word is to be written down. */
bool teacher_untold(struct teacher *t, const struct teacher_reader *who, const struct msg_id *id, struct str msg,
                    bool spam, int64_t now_ms, struct teacher_word *word);
void teacher_recall(struct teacher *t, const struct teacher_word *word);

/* Writes down what was learned since the last time, and forgets what cannot be taken back any more. */
[[nodiscard]] enum err teacher_save(struct teacher *t, int64_t now_ms);
struct learner_labels teacher_labels(struct teacher *t);
