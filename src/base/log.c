/* A line is built and written under one lock: lines never mix, and the lock is held for a write(2) at most. The names
 * of events are our own, so the table of their rates has a fixed size and needs no eviction. */
#include "base/log.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { VALUE_MAX = 256, LINE_MAX_N = 16 * 1024, RATE_MAX = 20, RATES = 256 };

struct rate {
    const char *event; /* NULL: free */
    int64_t second;
    uint64_t n, dropped;
};

struct log {
    struct log_opts opts;
    pthread_mutex_t lock;
    struct buf line;
    int64_t swept; /* the second whose predecessors were summed up */
    struct rate rates[RATES];
};

enum err log_open(const struct log_opts *opts, struct log **out)
{
    struct log *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_IO;
    l->opts = *opts;
    l->line.max = LINE_MAX_N;
    pthread_mutex_init(&l->lock, NULL);
    *out = l;
    return OK;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARN:
        return "warn";
    case LOG_ERROR:
        return "error";
    }
    return "?";
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && str_chr(S("._:/+-,"), c) != STR_NONE)))
            return false;
    }
    return s.n > 0;
}

/* Escaped so that neither a line end nor a terminal's control sequence of a stranger gets through. */
static void put_quoted(struct buf *b, struct str s)
{
    buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < ' ' || c >= 0x7f || c == '"' || c == '\\')
            buf_printf(b, "\\x%02x", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, '"');
}

static void put_value(struct log *l, const struct log_field *f)
{
    struct str s = l->opts.json ? utf8_cut(f->s, VALUE_MAX) : str_sub(f->s, 0, VALUE_MAX);
    switch (f->kind) {
    case LOG_F_STR:
        if (l->opts.json)
            text_json(&l->line, s);
        else if (is_plain(s))
            buf_put(&l->line, s);
        else
            put_quoted(&l->line, s);
        return;
    case LOG_F_U64:
        buf_put_u64(&l->line, f->u);
        return;
    case LOG_F_I64:
        buf_printf(&l->line, "%lld", (long long)f->i);
        return;
    }
}

static void put_field(struct log *l, const struct log_field *f)
{
    buf_puts(&l->line, l->opts.json ? ",\"" : " ");
    buf_puts(&l->line, f->key);
    buf_puts(&l->line, l->opts.json ? "\":" : "=");
    put_value(l, f);
}

static void write_line(struct log *l, enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    buf_clear(&l->line);
    buf_puts(&l->line, l->opts.json ? "{\"ts\":\"" : "ts=");
    text_rfc3339(&l->line, clock_wall_ms(NULL));
    buf_printf(&l->line, l->opts.json ? "\",\"level\":\"%s\",\"event\":\"%s\"" : " level=%s event=%s",
               level_name(level), event);
    for (size_t i = 0; i < n; i++)
        put_field(l, &fields[i]);
    buf_puts(&l->line, l->opts.json ? "}\n" : "\n");
    if (!l->line.failed && write(l->opts.fd, l->line.p, l->line.n) < 0)
        return; /* nobody left to tell */
}

static void sum_up(struct log *l, struct rate *r)
{
    const struct log_field fields[] = { LOG_C("of", r->event), LOG_U64("lines", r->dropped) };
    r->dropped = 0;
    write_line(l, LOG_WARN, "log.suppressed", fields, COUNT(fields));
}

static void sweep(struct log *l, int64_t second)
{
    if (l->swept == second)
        return;
    l->swept = second;
    for (struct rate *r = l->rates; r < l->rates + RATES && r->event; r++)
        if (r->dropped && r->second != second)
            sum_up(l, r);
}

static bool allowed(struct log *l, const char *event, int64_t second)
{
    struct rate *r = l->rates, *last = l->rates + RATES - 1; /* beyond the table, events share the last row */
    while (r < last && r->event && !str_eq(str_c(r->event), str_c(event)))
        r++;
    if (!r->event)
        r->event = event;
    if (r->second != second) {
        r->second = second;
        r->n = 0;
    }
    bool ok = r->n++ < RATE_MAX;
    r->dropped += !ok;
    return ok;
}

void log_event(struct log *l, enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if (!l || level < l->opts.min)
        return;
    pthread_mutex_lock(&l->lock);
    int64_t second = clock_mono_ms() / 1000;
    sweep(l, second);
    if (allowed(l, event, second))
        write_line(l, level, event, fields, n);
    pthread_mutex_unlock(&l->lock);
}

void log_close(struct log *l)
{
    if (!l)
        return;
    for (struct rate *r = l->rates; r < l->rates + RATES && r->event; r++)
        if (r->dropped)
            sum_up(l, r);
    buf_fini(&l->line);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
