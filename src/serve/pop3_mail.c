/* After login: numbers, sizes, ids, texts, marks. The mailbox is what it was at login; what others delete meanwhile is
 * told when it is asked for. */
#include "base/text.h"
#include "serve/pop3_command.h"
#include <inttypes.h>

enum { HEADROOM = 128 }; /* the first line and the last, some dots */

struct pop3_msg *pop3_msg_at(struct pop3 *s, struct str number)
{
    uint64_t i; /* counts from 1, and a deleted message is gone: RFC 1939 section 5 */
    bool there = str_to_u64(number, &i) && i >= 1 && i <= s->msg_n && !s->msgs[i - 1].deleted;
    if (!there)
        pop3_reply(s, "-ERR no such message");
    return there ? &s->msgs[i - 1] : NULL;
}

void pop3_run_stat(struct pop3 *s, struct str)
{
    uint64_t n = 0, octets = 0;
    for (size_t i = 0; i < s->msg_n; i++) {
        n += !s->msgs[i].deleted;
        octets += s->msgs[i].deleted ? 0 : s->msgs[i].size;
    }
    buf_printf(s->out, "+OK %" PRIu64 " %" PRIu64 "\r\n", n, octets);
}

/* ---- lists ---- */

static void put_size(struct pop3 *s, size_t i)
{
    buf_put_u64(s->out, i + 1);
    buf_putc(s->out, ' ');
    buf_put_u64(s->out, s->msgs[i].size);
    buf_puts(s->out, "\r\n");
}

static void put_id(struct pop3 *s, size_t i)
{
    char hex[2 * MSG_ID_N];
    buf_put_u64(s->out, i + 1);
    buf_putc(s->out, ' ');
    buf_put(s->out, str_of(hex, text_hex(hex, msg_id_str(&s->msgs[i].id))));
    buf_puts(s->out, "\r\n");
}

/* A large mailbox is listed in parts, so that whoever does not read costs little. */
void pop3_list_on(struct pop3 *s)
{
    size_t to = MIN(s->list_at + POP3_LIST_ROWS, s->msg_n);
    for (; s->list_at < to; s->list_at++)
        if (!s->msgs[s->list_at].deleted)
            s->list_row(s, s->list_at);
    s->state = s->list_at < s->msg_n ? POP3_LISTING : POP3_READY;
    if (s->state == POP3_READY)
        pop3_reply(s, ".");
}

static void list(struct pop3 *s, struct str arg, void (*row)(struct pop3 *, size_t))
{
    struct pop3_msg *m = arg.n > 0 ? pop3_msg_at(s, arg) : NULL;
    if (m) {
        buf_puts(s->out, "+OK ");
        row(s, (size_t)(m - s->msgs));
    } else if (arg.n == 0) {
        pop3_reply(s, "+OK");
        s->list_at = 0;
        s->list_row = row;
        pop3_list_on(s);
    }
}

void pop3_run_list(struct pop3 *s, struct str arg) { list(s, arg, put_size); }
void pop3_run_uidl(struct pop3 *s, struct str arg) { list(s, arg, put_id); }

/* ---- texts ---- */

static void fetch(struct pop3 *s, const struct pop3_msg *m)
{
    s->state = POP3_WAIT;
    s->begun = false;
    s->fetch_size = m->size;
    s->rules->ops->fetch(s, &m->id);
}

void pop3_run_retr(struct pop3 *s, struct str arg)
{
    const struct pop3_msg *m = pop3_msg_at(s, arg);
    s->text = (struct line_out){ 0 };
    if (m)
        fetch(s, m);
}

void pop3_run_top(struct pop3 *s, struct str arg)
{
    struct str lines, number = str_cut(arg, ' ', &lines);
    s->text = (struct line_out){ .bounded = true };
    if (!str_to_u64(lines, &s->text.lines_left)) {
        pop3_fail(s, "-ERR a message and how many lines of it");
        return;
    }
    const struct pop3_msg *m = pop3_msg_at(s, number);
    if (m)
        fetch(s, m);
}

static void begin(struct pop3 *s)
{
    s->begun = true;
    s->state = POP3_SENDING;
    (void)buf_reserve(s->out, MIN(s->fetch_size + HEADROOM, (uint64_t)POP3_COPY_MAX)); /* once, not by doubling */
    if (s->text.bounded)
        pop3_reply(s, "+OK");
    else
        buf_printf(s->out, "+OK %" PRIu64 " octets\r\n", s->fetch_size);
}

static void put_text(struct pop3 *s, struct str bytes)
{
    size_t used = 0;
    for (; bytes.n > 0 && !s->text.full; bytes = str_from(bytes, used)) {
        struct str lead, run = line_out_run(&s->text, bytes, &lead, &used);
        buf_put(s->out, lead);
        if (run.n > POP3_COPY_MAX)
            s->rules->ops->write(s, run);
        else
            buf_put(s->out, run);
        if (s->rules->stats)
            pop3_count(&s->rules->stats->bytes, run.n);
    }
}

bool pop3_piece(struct pop3 *s, struct str bytes, bool last)
{
    if (!s->begun)
        begin(s);
    put_text(s, bytes);
    if (!last && !s->text.full)
        return true;
    buf_put(s->out, line_out_end(&s->text));
    s->state = POP3_READY;
    if (s->rules->stats)
        pop3_count(&s->rules->stats->messages, 1);
    return false;
}

bool pop3_lost(struct pop3 *s, enum err e)
{
    if (s->begun)
        return false;
    s->state = POP3_READY;
    pop3_reply(s, e == ERR_GONE ? "-ERR it was deleted meanwhile" : "-ERR [SYS/TEMP] cannot be read now");
    return true;
}

/* ---- marks ---- */

void pop3_run_dele(struct pop3 *s, struct str arg)
{
    struct pop3_msg *m = pop3_msg_at(s, arg);
    if (!m)
        return;
    m->deleted = true;
    pop3_reply(s, "+OK");
}

void pop3_run_rset(struct pop3 *s, struct str)
{
    for (size_t i = 0; i < s->msg_n; i++)
        s->msgs[i].deleted = false;
    pop3_reply(s, "+OK");
}

void pop3_run_noop(struct pop3 *s, struct str) { pop3_reply(s, "+OK"); }

void pop3_run_quit(struct pop3 *s, struct str)
{
    bool marks = false;
    for (size_t i = 0; i < s->msg_n; i++)
        marks |= s->msgs[i].deleted;
    if (!marks) {
        pop3_close(s, "+OK bye");
        return;
    }
    s->state = POP3_WAIT; /* the marks reach the store here alone, so a lost connection deletes nothing */
    s->rules->ops->commit(s);
}

void pop3_committed(struct pop3 *s, enum err e)
{
    for (size_t i = 0; e == OK && s->rules->stats && i < s->msg_n; i++)
        pop3_count(&s->rules->stats->deleted, s->msgs[i].deleted);
    pop3_close(s, e == OK ? "+OK bye" : "-ERR [SYS/TEMP] some deleted messages not removed");
}
