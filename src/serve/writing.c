/* One thing after the other: the JSON, the old draft's header, the answered message's header, file after file, then the
 * message. The client may leave at any time; what is on a work thread then is finished, and thrown away. */
#include "serve/writing.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/compose.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 128 * 1024, ROOM_HEAD = 192 * 1024, ROOM_PERSON = 640 };

/* ---- its life ---- */

/* False: the message memory is used up. */
static bool take(struct writing *w, size_t n)
{
    if (!intake_budget_take(w->budget, n))
        return false;
    w->taken += n;
    return true;
}

static void release(struct writing *w)
{
    intake_budget_give(w->budget, w->taken);
    intake_end(&w->message);
    once_drop(&w->once);
    for (size_t i = 0; w->files != NULL && i < w->draft.files_n; i++)
        buf_fini(&w->files[i]);
    free(w->files);
    buf_fini(&w->body);
    arena_reset(&w->arena);
    free(w);
}

static void stop_asking(struct writing *w)
{
    mail_cancel(w->asked);
    mail_stream_close(w->stream);
    w->asked = NULL;
    w->stream = NULL;
}

void writing_free(struct writing *w)
{
    stop_asking(w);
    api_done(w->r);
    release(w);
}

static void dropped(struct http_req *r)
{
    struct writing *w = r->state;
    stop_asking(w);
    if (w->working)
        w->r = NULL;
    else
        release(w);
}

struct writing *writing_new(struct http_req *r, writing_sorry *sorry)
{
    struct writing *w = calloc(1, sizeof *w);
    if (w == NULL) {
        sorry(r, 503, "unavailable", "The server cannot do this right now. Try again in a while.", 2000);
        return NULL;
    }
    w->r = r;
    w->budget = api_of(r)->o.budget;
    w->sorry = sorry;
    arena_init(&w->arena, DRAFT_ARENA);
    w->arena.secret = true;
    w->draft.from.address = arena_dup(&w->arena, api_box(r)->address);
    r->state = w;
    r->dropped = dropped;
    return w;
}

static void refuse(struct writing *w, int status, const char *code, const char *detail)
{
    struct http_req *r = w->r;
    writing_sorry *sorry = w->sorry;
    char why[JSON_WHY_MAX];
    snprintf(why, sizeof why, "%s", detail); /* may be w's own */
    writing_free(w);
    sorry(r, status, code, why, status == 503 ? 2000 : 0);
}

static void refuse_error(struct writing *w, enum err e)
{
    if (e == ERR_GONE)
        refuse(w, 404, w->wanted->code, w->wanted->text);
    else if (e == ERR_BUSY)
        refuse(w, 503, "busy", "Too much mail is on its way. Try again in a moment.");
    else if (e == ERR_FULL)
        refuse(w, 413, "message_too_large", "With its attachments this is larger than a message may be.");
    else
        refuse(w, 503, "unavailable", "The server cannot do this right now. Try again in a while.");
}

/* What it names in the box, and how it is said that this is not there: each leaves the client another way on. */
const struct refusal WRITING_WANTS_DRAFT = { "draft_not_found",
                                             "The draft is not in this mailbox (any more): it was sent, saved as "
                                             "another, or deleted. What was written can be saved as a new draft." };
static const struct refusal WANTS_ANSWERED = { "answered_not_found",
                                               "The message that this answers is not in this mailbox (any more)." };
const struct refusal WRITING_WANTS_FILE = { "attachment_not_found",
                                            "An attachment that this names is not in this mailbox (any more)." };

/* ---- work threads ---- */

static void job_work(struct work *k)
{
    struct writing *w = CONTAINER_OF(k, struct writing, job);
    w->worked(w);
}

static void after_work(struct writing *w);

static void job_done(struct work *k)
{
    struct writing *w = CONTAINER_OF(k, struct writing, job);
    w->working = false;
    if (w->r == NULL)
        release(w);
    else
        after_work(w);
}

/* Runs what() here or there; then after_work(). */
static void work(struct writing *w, size_t octets, void (*what)(struct writing *w))
{
    struct api *a = api_of(w->r);
    w->worked = what;
    w->job = (struct work){ .work = job_work, .done = job_done };
    if (octets > LARGE && a->o.work != NULL) {
        w->working = true;
        if (work_submit(a->o.work, a->o.loop, &w->job) == OK)
            return;
        w->working = false;
        refuse_error(w, ERR_BUSY);
        return;
    }
    what(w);
    after_work(w);
}

/* ---- the message ---- */

static size_t room_for(const struct writing *w)
{
    const struct draft *d = &w->draft;
    return (size_t)w->octets / 5 * 7 + (d->text.n + d->html.n) / 5 * 16 + d->files_n * 1024 +
           (d->to.n + d->cc.n + d->bcc.n) * ROOM_PERSON + ROOM_HEAD;
}

static void make_message(struct writing *w)
{
    uint8_t octets[COMPOSE_CHANCE_N / 2];
    char chance[COMPOSE_CHANCE_N];
    rand_bytes(octets, sizeof octets);
    text_hex(chance, str_of(octets, sizeof octets));
    if (compose(&w->draft, w->now_ms, chance, &w->arena, &w->message.data) != OK)
        w->status = 413;
}

static void compose_it(struct writing *w)
{
    const struct api *a = api_of(w->r);
    size_t room = room_for(w);
    w->now_ms = api_now_ms(a);
    enum err e = intake_begin(&w->message, w->budget, room, a->o.message_max_bytes);
    if (e != OK)
        refuse_error(w, e);
    else
        work(w, room - ROOM_HEAD, make_message);
}

/* ---- files of other messages ---- */

static void next_file(struct writing *w);

static void on_opened(void *ctx, const struct mail_stream_info *info)
{
    struct writing *w = ctx;
    struct draft_file *f = &w->draft.files[w->file_i];
    size_t most = api_of(w->r)->o.message_max_bytes;
    size_t n = info->size < most ? (size_t)info->size : most; /* what only the end tells, too */
    if (f->filename.n == 0)
        f->filename = draft_line(&w->arena, utf8_cut(info->filename, DRAFT_NAME_MAX));
    if (f->content_type.n == 0)
        f->content_type = arena_dup(&w->arena, info->content_type);
    if (str_eq_nocase(f->content_type, info->content_type)) {
        f->charset = arena_dup(&w->arena, info->charset);
        f->method = arena_dup(&w->arena, info->method);
    }
    if (info->size != UINT64_MAX && w->octets + info->size > most) {
        refuse_error(w, ERR_FULL);
    } else if (!take(w, n)) {
        refuse_error(w, ERR_BUSY);
    } else {
        w->files[w->file_i] = (struct buf){ .max = n, .secret = true };
        mail_stream_next(w->stream);
    }
}

static void on_piece(void *ctx, struct str bytes, bool last)
{
    struct writing *w = ctx;
    struct buf *b = &w->files[w->file_i];
    buf_put(b, bytes);
    if (b->failed) {
        refuse_error(w, ERR_FULL);
    } else if (!last) {
        mail_stream_next(w->stream);
    } else {
        w->draft.files[w->file_i].content = buf_str(b);
        w->octets += b->n;
        w->file_i++;
        mail_stream_close(w->stream);
        w->stream = NULL;
        next_file(w);
    }
}

static void on_failed(void *ctx, enum err e) { refuse_error(ctx, e == ERR_BAD ? ERR_IO : e); }

static const struct mail_stream_ops stream_ops = { .opened = on_opened, .piece = on_piece, .failed = on_failed };

static void next_file(struct writing *w)
{
    const struct api *a = api_of(w->r);
    for (; w->file_i < w->draft.files_n && !w->draft.files[w->file_i].stored; w->file_i++)
        w->octets += w->draft.files[w->file_i].content.n;
    if (w->octets > a->o.message_max_bytes) {
        refuse_error(w, ERR_FULL);
        return;
    }
    if (w->file_i == w->draft.files_n) {
        compose_it(w);
        return;
    }
    const struct draft_file *f = &w->draft.files[w->file_i];
    w->stream = f->n < LIMIT_MIME_PARTS
                    ? mail_stream_open(a->o.store, a->o.loop, api_box(w->r), &f->message, (int)f->n, &stream_ops, w)
                    : NULL;
    if (w->stream == NULL)
        refuse_error(w, f->n < LIMIT_MIME_PARTS ? ERR_IO : ERR_GONE);
}

static void begin_files(struct writing *w)
{
    w->wanted = &WRITING_WANTS_FILE;
    if (w->draft.files_n > 0 && (w->files = calloc(w->draft.files_n, sizeof *w->files)) == NULL)
        refuse_error(w, ERR_IO);
    else
        next_file(w);
}

/* ---- headers ---- */

static void ask(struct writing *w, const struct msg_id *id, mail_get_fn *done)
{
    const struct api *a = api_of(w->r);
    w->asked = mail_get(a->o.store, a->o.loop, api_box(w->r), id, false, done, w);
    if (w->asked == NULL)
        refuse_error(w, ERR_IO);
}

static void on_answered(void *ctx, enum err e, const struct mail *m)
{
    struct writing *w = ctx;
    w->asked = NULL;
    if (e == OK)
        draft_thread(&w->draft, &w->arena, m->header);
    bool by_id = e == ERR_GONE && w->draft.answered.n > 0; /* a draft knows by itself what it answers */
    w->draft.replies = !by_id;
    if (e == OK || by_id)
        begin_files(w);
    else
        refuse_error(w, e);
}

static void find_answered(struct writing *w)
{
    w->wanted = &WANTS_ANSWERED;
    if (w->draft.replies)
        ask(w, &w->draft.in_reply_to, on_answered);
    else
        begin_files(w);
}

static void on_old(void *ctx, enum err e, const struct mail *m)
{
    struct writing *w = ctx;
    w->asked = NULL;
    if (e != OK) {
        refuse_error(w, e);
        return;
    }
    w->old_folder = m->head.row.folder;
    w->old_uid = m->head.row.uid;
    if (w->old_folder != FOLDER_DRAFTS) {
        refuse(w, 422, "not_a_draft", "This message is not a draft.");
        return;
    }
    draft_thread_keep(&w->draft, &w->arena, m->header);
    find_answered(w);
}

void writing_go(struct writing *w, writing_done *done)
{
    w->done = done;
    w->wanted = &WRITING_WANTS_DRAFT;
    if (w->goes_on)
        ask(w, &w->old, on_old);
    else
        find_answered(w);
}

/* ---- JSON ---- */

static void read_more(struct writing *w, struct json_in *j)
{
    struct str id = { 0 };
    int64_t undo_s = 0;
    json_get_int(j, j->root, "undo", 0, WRITING_UNDO_MAX_S, &undo_s);
    w->undo_ms = undo_s * 1000;
    if (!json_get_str(j, j->root, "draft", 2 * MSG_ID_N, &id))
        return;
    w->goes_on = true;
    if (text_unhex(id, w->old.b, sizeof w->old.b) != OK)
        json_complain(j, "\"draft\" must be the id of a message");
}

static void read_json(struct writing *w)
{
    AUTO_JSON struct json_in j = { 0 };
    struct str text = str_trim(buf_str(&w->body)).n > 0 ? buf_str(&w->body) : S("{}");
    enum err e = json_parse(&j, text, text.n);
    if (e == OK && !json_is_obj(j.root))
        json_complain(&j, "the body must be a JSON object");
    w->status = e != OK || j.bad ? 400 : 0;
    if (w->status == 0) {
        draft_read(&j, j.root, w->keys, w->keys_n, &w->arena, &w->draft);
        if (w->keys_n > 0)
            read_more(w, &j);
        w->status = j.bad ? 422 : 0;
    }
    memcpy(w->why, j.why, sizeof w->why);
    buf_fini(&w->body);
}

void writing_read(struct writing *w, const char *const *keys, size_t n, writing_done *done)
{
    w->keys = keys;
    w->keys_n = n;
    w->done = done;
    http_keep_body(w->r, &w->body);
    if (!take(w, 3 * w->body.n)) /* itself, its tree, the octets of it */
        refuse_error(w, ERR_BUSY);
    else
        work(w, w->body.n, read_json);
}

static void after_work(struct writing *w)
{
    if (w->worked == read_json && w->status == 0)
        writing_go(w, w->done);
    else if (w->worked == read_json)
        refuse(w, w->status, w->status == 400 ? "bad_json" : "bad_value", w->why);
    else if (w->status != 0)
        refuse_error(w, ERR_FULL);
    else
        w->done(w->r, w);
}
