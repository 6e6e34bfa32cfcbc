/* What the parts of send share: a mail, or a recipient that is asked about, on its way. */
#pragma once
#include "core/send_fix.h"
#include "core/send_known.h"
#include "core/send_shared.h"

enum {
    SEND_ARENA = 16 * 1024 * 1024,
    SEND_KEY_MAX = 600 /* an address as addr_key() or addr_other_key() has it */
};
struct send {
    struct send_opts o;
};
struct send_req {
    struct send *s;
    struct opened *o; /* a reference */
    struct arena arena;
    struct outq_mail mail; /* views in the arena */
    struct str *keys;      /* of the recipients, as addr_other_key() has them */
    struct str own;        /* the box's address, as addr_key() has it */
    struct str id;         /* mail.id in hex: what a far end's report knows the mail by */
    struct peer peer;
    bool has_peer, keep_copy, only_check, cancelled;
    const char *protocol;
    struct intake data, copy;
    struct buf leaving;
    struct send_head head;
    struct send_known *known;
    struct work work;
    struct job later;
    send_done *done;
    void *ctx;
    struct send_result r;
};
/* Answers, and frees it. */
void send_req_answer(struct send_req *r, enum send_refusal why);
enum send_refusal send_refusal_of_err(const struct send_req *r, enum err e);

/* send_out.c: puts right, signs, takes its share, keeps the copy, gives it to the queue, answers. */
void send_req_out(struct send_req *r);
