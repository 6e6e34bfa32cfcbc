#include "core/lesson.h"
#include "core/mail.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct lesson {
    struct store *store;
    struct opened *opened; /* a reference */
    struct teacher *teacher;
    struct said *said;
    struct teacher_reader who;
    struct msg_id id;
    struct lesson_word word;
    struct mail_stream *stream;
    struct buf msg;
    struct job later; /* the end, outside of the stream's callback */
    struct loop *loop;
    bool whole;
};

static bool tell(struct lesson *l, int64_t now_ms, struct teacher_word *word)
{
    struct str msg = buf_str(&l->msg);
    return l->word.back ? teacher_untold(l->teacher, &l->who, &l->id, msg, l->word.spam, now_ms, word)
                        : teacher_told(l->teacher, &l->who, &l->id, msg, l->word.spam, now_ms, word);
}

static void on_end(struct job *j)
{
    struct lesson *l = CONTAINER_OF(j, struct lesson, later);
    int64_t now_ms = store_now_ms(l->store);
    struct teacher_word word;
    if (l->whole && tell(l, now_ms, &word) && opened_alive(l->opened, now_ms))
        said_note(l->said, l->opened, &word);
    mail_stream_close(l->stream);
    opened_release(l->opened);
    buf_fini(&l->msg);
    free(l);
}

static void end(struct lesson *l, bool whole)
{
    l->whole = whole;
    l->later.run = on_end;
    loop_later(l->loop, &l->later);
}

static void on_opened(void *ctx, const struct mail_stream_info *info)
{
    (void)info;
    mail_stream_next(((struct lesson *)ctx)->stream);
}

static void on_piece(void *ctx, struct str bytes, bool last)
{
    struct lesson *l = ctx;
    buf_put(&l->msg, str_sub(bytes, 0, TEACHER_MESSAGE_MAX - l->msg.n));
    if (last || l->msg.n == TEACHER_MESSAGE_MAX || l->msg.failed)
        end(l, !l->msg.failed);
    else
        mail_stream_next(l->stream);
}

static void on_failed(void *ctx, enum err e)
{
    (void)e;
    end(ctx, false);
}

static_assert(sizeof((struct peer){ 0 }.key) == TEACHER_NETWORK_N, "a network fits");

void lesson_give(const struct mail_at *at, struct teacher *t, struct said *said, const struct peer *who,
                 const struct msg_id *id, struct lesson_word word)
{
    static const struct mail_stream_ops ops = { .opened = on_opened, .piece = on_piece, .failed = on_failed };
    struct lesson *l = t == NULL ? NULL : calloc(1, sizeof *l);
    if (l == NULL)
        return;
    *l = (struct lesson){ .store = at->store, .loop = at->loop, .teacher = t, .said = said, .id = *id, .word = word };
    l->who.box = at->opened->box.id;
    memcpy(l->who.network, who->key, sizeof l->who.network);
    l->msg = (struct buf){ .max = TEACHER_MESSAGE_MAX, .secret = true };
    l->opened = opened_hold(at->opened);
    l->stream = mail_stream_open(at->store, at->loop, l->opened, id, -1, &ops, l);
    if (l->stream == NULL) {
        opened_release(l->opened);
        free(l);
    }
}
