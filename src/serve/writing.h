/* From what somebody wrote to a message: what it names in the box is read (what it answers, the draft that goes on, the
 * files of other messages), then it is composed; on a work thread where it is large. For the interface and /lite. */
#pragma once
#include "core/draft.h"
#include "core/send.h"
#include "serve/api.h"

enum { WRITING_UNDO_MAX_S = 60 };

struct writing;
/* Says what is wrong to who asked, and when it may work (0: nobody knows); r is gone with it. */
typedef void writing_sorry(struct http_req *r, int status, const char *code, const char *detail, int64_t retry_ms);
typedef void writing_done(struct http_req *r, struct writing *w);

struct writing {
    struct draft draft; /* views into the arena, or longer */
    struct arena arena;
    bool goes_on; /* takes the place of this draft, which is found with the rest */
    struct msg_id old;
    uint32_t old_folder, old_uid;
    int64_t undo_ms;
    struct once_hold once; /* what is sent may be asked for again; who takes it zeroes it */
    struct intake message; /* complete, once done() is called; who takes it zeroes it */
    /* writing.c's own from here */
    struct http_req *r; /* NULL: it left */
    struct intake_budget *budget;
    writing_done *done;
    writing_sorry *sorry;
    const struct refusal *wanted; /* what is said when that which is looked for is not there */
    const char *const *keys;      /* of the JSON, beside a draft's */
    size_t keys_n;
    struct buf body;
    struct work job;
    void (*worked)(struct writing *w);
    bool working;
    struct mail_req *asked;
    struct mail_stream *stream;
    struct buf *files; /* of the stored ones */
    size_t file_i;
    size_t taken;    /* of the message memory, beside message's */
    uint64_t octets; /* of all files */
    int64_t now_ms;
    int status; /* of what is to be said; 0: all is well so far */
    char why[JSON_WHY_MAX];
};

/* NULL: answered. Waits for nothing yet. It is r's state from now on: free it before r is answered. */
struct writing *writing_new(struct http_req *r, writing_sorry *sorry);
void writing_free(struct writing *w);
/* The body as JSON into draft, undo_ms and old; then as writing_go(). keys: those that may stand there beside a
 * draft's, of "undo" and "draft". */
void writing_read(struct writing *w, const char *const *keys, size_t n, writing_done *done);
/* With draft (and old) set. Either done() or sorry() is called once, on a later turn or within; before sorry() w is
 * freed, in done() it is the caller's. A 404's code says what is not in the box: draft_not_found, answered_not_found,
 * attachment_not_found. */
void writing_go(struct writing *w, writing_done *done);

/* writing_send.c. For done(): sends what is written and tidies up: its draft goes, what it answers is marked. w is
 * gone. sent() or sorry() is called once. A draft is sent once: whoever comes second is told that it is not there. */
typedef void writing_sent(struct http_req *r, const struct send_result *x);
void writing_send(struct http_req *r, struct writing *w, writing_sent *sent);
int writing_status(enum send_refusal why); /* of HTTP */
void writing_put_accepted(struct json_out *o, const struct send_result *x);
extern const struct refusal WRITING_WANTS_DRAFT, WRITING_WANTS_FILE; /* it is not there (any more) */
/* api_send.c. May the request's box send anything at all? */
bool writing_may_send(const struct http_req *r);
