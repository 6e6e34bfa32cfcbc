/* mayfly queue list [DOMAIN] | show ID | retry ID|DOMAIN|all | drop ID|DOMAIN|all. What is shown of waiting mail is
 * where it is to go and what became of it there: neither addresses nor a word of it, nor of what others said about it.
 */
#include "app/operate.h"
#include "app/sending.h"
#include "base/text.h"
#include "wire/domain.h"
#include <stdlib.h>

enum { ROWS_MAX = 1000, TEXT_MAX = 512 * 1024 };

struct queue_ask {
    struct sending_ask ask;
    struct ctl_req *req;
    enum { QUEUE_LIST, QUEUE_SHOW, QUEUE_RETRY, QUEUE_DROP } verb;
    bool has_id;
    struct outq_id id;
    char domain[LIMIT_DOMAIN + 1];
    size_t domain_n;
    int64_t now_ms;
    struct buf out;
    enum err err;
    size_t n;
};

/* ---- on the out loop ---- */

static void put_span(struct buf *out, int64_t ms)
{
    int64_t s = MAX(ms, (int64_t)0) / 1000;
    if (s < 120)
        buf_printf(out, "%llds", (long long)s);
    else if (s < 7200)
        buf_printf(out, "%lldm", (long long)s / 60);
    else
        buf_printf(out, "%lldh", (long long)s / 3600);
}

static void put_row(void *ctx, const struct outq_look *l)
{
    struct queue_ask *q = ctx;
    char hex[2 * MSG_ID_N];
    text_hex(hex, msg_id_str(&l->id.msg));
    buf_printf(&q->out, "%.*s  ", (int)sizeof hex, hex);
    buf_put(&q->out, l->destination);
    buf_printf(&q->out, "  rcpts=%zu size=%llu age=", l->rcpts_n, (unsigned long long)l->size);
    put_span(&q->out, q->now_ms - l->created_ms);
    buf_printf(&q->out, " tries=%u next=", l->tries);
    if (l->active)
        buf_puts(&q->out, "now");
    else
        put_span(&q->out, l->next_ms - q->now_ms);
    buf_puts(&q->out, " ends=");
    put_span(&q->out, l->end_ms - q->now_ms);
    if (l->enhanced.n > 0)
        buf_printf(&q->out, " last=%u,%.*s", l->code, STR_FMT(l->enhanced));
    buf_putc(&q->out, '\n');
}

/* One mail: what has become of it at each of its destinations. */
static void put_part(void *ctx, const struct outq_look *l)
{
    struct queue_ask *q = ctx;
    if (q->out.n == 0) {
        buf_printf(&q->out, "size=%llu age=", (unsigned long long)l->size);
        put_span(&q->out, q->now_ms - l->created_ms);
        buf_puts(&q->out, " ends=");
        put_span(&q->out, l->end_ms - q->now_ms);
        buf_putc(&q->out, '\n');
    }
    buf_put(&q->out, l->destination);
    buf_printf(&q->out, "  waiting=%zu sent=%zu failed=%zu tries=%u", l->rcpts_n, l->sent_n, l->failed_n, l->tries);
    if (l->active)
        buf_puts(&q->out, " next=now");
    else if (l->rcpts_n > 0) {
        buf_puts(&q->out, " next=");
        put_span(&q->out, l->next_ms - q->now_ms);
    }
    if (l->enhanced.n > 0)
        buf_printf(&q->out, " last=%u,%.*s", l->code, STR_FMT(l->enhanced));
    buf_putc(&q->out, '\n');
}

static enum err drop(struct queue_ask *q, struct outq_run *run, struct str domain)
{
    struct outq_dropped x;
    enum err e = outq_run_drop(run, q->has_id ? &q->id : NULL, domain, &x);
    q->n = x.found;
    buf_printf(&q->out, "%zu dropped\n", x.n);
    if (x.leaving > 0)
        buf_printf(&q->out, "%zu of them may arrive: the whole mail has been sent, and nothing was answered yet\n",
                   x.leaving);
    return e;
}

static void on_out_loop(struct sending_ask *ask, struct outq_run *run)
{
    struct queue_ask *q = CONTAINER_OF(ask, struct queue_ask, ask);
    struct str domain = str_of(q->domain, q->domain_n);
    switch (q->verb) {
    case QUEUE_LIST:
        q->err = outq_run_look(run, domain, ROWS_MAX, put_row, q, &q->n);
        break;
    case QUEUE_SHOW:
        q->n = outq_run_show(run, &q->id, put_part, q);
        break;
    case QUEUE_RETRY:
        q->err = outq_run_retry(run, q->has_id ? &q->id : NULL, domain, &q->n);
        break;
    case QUEUE_DROP:
        q->err = drop(q, run, domain);
        break;
    }
}

/* ---- and back ---- */

static void on_answer(struct sending_ask *ask)
{
    struct queue_ask *q = CONTAINER_OF(ask, struct queue_ask, ask);
    switch (q->verb) {
    case QUEUE_LIST:
        buf_printf(&q->out, "%zu waiting\n", q->n);
        break;
    case QUEUE_SHOW:
    case QUEUE_DROP:
        break;
    case QUEUE_RETRY:
        buf_printf(&q->out, "%zu to be tried now\n", q->n);
        break;
    }
    if (q->err != OK)
        ctl_error(q->req, "out of memory: try again");
    else if (q->n == 0 && (q->verb == QUEUE_SHOW || q->has_id))
        ctl_error(q->req, "nothing of that id waits");
    else if (q->n == 0 && q->verb != QUEUE_LIST && q->domain_n > 0)
        ctl_error(q->req, "nothing waits for that domain");
    else
        ctl_ok(q->req, buf_str(&q->out));
    buf_fini(&q->out);
    free(q);
}

/* ---- the command ---- */

static bool read_verb(struct queue_ask *q, struct str verb)
{
    static const struct str verbs[] = { STR("list"), STR("show"), STR("retry"), STR("drop") };
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (str_eq(verb, verbs[i])) {
            q->verb = (typeof(q->verb))i;
            return true;
        }
    return false;
}

/* An id, a domain (or a literal, or whatever a list shows), or "all"; a list needs none of them. */
static bool read_object(struct queue_ask *q, struct str object)
{
    AUTO_BUF struct buf name = { .max = LIMIT_DOMAIN };
    q->has_id = text_unhex(object, q->id.msg.b, MSG_ID_N) == OK;
    if (q->has_id || q->verb == QUEUE_SHOW)
        return q->has_id && q->verb != QUEUE_LIST;
    if (object.n == 0 || str_eq(object, S("all")))
        return object.n > 0 || q->verb == QUEUE_LIST;
    outq_destination(object, &name);
    if (name.failed)
        return false;
    memcpy(q->domain, name.p, name.n);
    q->domain_n = name.n;
    return true;
}

void operate_queue(void *ctx, struct ctl_req *r, struct str args)
{
    struct app *a = ctx;
    struct str object, verb = str_word(args, &object);
    struct queue_ask *q = calloc(1, sizeof *q);
    if (!q) {
        ctl_error(r, "out of memory");
        return;
    }
    *q = (struct queue_ask){ .req = r, .ask = { .run = on_out_loop, .done = on_answer }, .out.max = TEXT_MAX };
    if (!read_verb(q, verb) || !read_object(q, str_trim(object))) {
        ctl_error(r, "usage: mayfly queue list [DOMAIN], show ID, retry|drop ID|DOMAIN|all");
        free(q);
        return;
    }
    q->now_ms = store_now_ms(a->store);
    sending_ask(a, &q->ask);
}
