/* One question, one loop, one inquiry. Files have whatever line ends they have: a message is judged as it would have
 * come over SMTP, with CRLF. */
#include "app/verify.h"
#include "app/config_value.h"
#include "base/clock.h"
#include "base/rand.h"
#include "io/dns.h"
#include "io/loop.h"
#include "trust/inquiry.h"
#include "trust/verdict.h"
#include "wire/line.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    TEXT_MAX = 256 << 20,
    OUT_MAX = 1 << 20,
    ARENA_MAX = 8 << 20,
    DNS_TIMEOUT_MS = 4000,
    DEADLINE_MS = 20000
};

struct verify {
    const struct kind *kind;
    struct str dns, ip_text, now_text, sealer, server, file;
    struct buf text, out;
    struct arena arena; /* of the message's parts */
    struct verdict_in in;
    struct verdict verdict;
    struct loop *loop;
    enum err result;
};

static enum err check_spf(void *ctx, struct answers *as)
{
    struct verify *v = ctx;
    struct spf_out o;
    enum err e = spf_check(&v->in.sender, as, &o);
    if (e != OK)
        return e;
    struct str more = o.explain.n ? o.explain : o.why;
    buf_printf(&v->out, "%.*s %.*s%s%.*s\n", STR_FMT(result_name(o.result)), STR_FMT(str_sub(o.domain, 0, 300)),
               more.n ? ": " : "", STR_FMT(more));
    return OK;
}

static void put_signature(struct buf *out, const struct dkim_verdict *d)
{
    buf_printf(out, "  %.*s d=%.*s s=%.*s a=%.*s", STR_FMT(result_name(d->result)), STR_FMT(str_sub(d->domain, 0, 300)),
               STR_FMT(str_sub(d->selector, 0, 300)), STR_FMT(str_sub(d->algorithm, 0, 50)));
    if (d->bits)
        buf_printf(out, " bits=%u", d->bits);
    if (d->why.n)
        buf_printf(out, " (%.*s)", STR_FMT(d->why));
    buf_puts(out, d->testing ? " testing\n" : "\n");
}

static enum err check_dkim(void *ctx, struct answers *as)
{
    struct verify *v = ctx;
    enum err e = dkim_check_run(&v->verdict.dkim, as);
    if (e != OK)
        return e;
    buf_printf(&v->out, "%.*s\n", STR_FMT(result_name(dkim_check_best(&v->verdict.dkim))));
    for (size_t i = 0; i < v->verdict.dkim.n; i++)
        put_signature(&v->out, &v->verdict.dkim.verdict[i]);
    return OK;
}

static enum err check_arc(void *ctx, struct answers *as)
{
    struct verify *v = ctx;
    enum err e = arc_check_run(&v->verdict.arc, as);
    if (e != OK)
        return e;
    buf_printf(&v->out, "%.*s", STR_FMT(result_name(v->verdict.arc.result)));
    if (v->verdict.arc.why.n)
        buf_printf(&v->out, " (%.*s)", STR_FMT(v->verdict.arc.why));
    buf_printf(&v->out, " sets=%zu\n", v->verdict.arc.n);
    return OK;
}

static enum err check_message(void *ctx, struct answers *as)
{
    struct verify *v = ctx;
    enum err e = verdict_run(&v->verdict, as);
    if (e == OK)
        verdict_put_header(&v->out, &v->verdict);
    return e;
}

static const struct kind {
    struct str name;
    bool takes_ip, takes_message;
    enum err (*check)(void *ctx, struct answers *as);
} kinds[] = {
    { STR("spf"), true, false, check_spf },
    { STR("dkim"), false, true, check_dkim },
    { STR("arc"), false, true, check_arc },
    { STR("message"), false, true, check_message },
};

/* ---- arguments ---- */
static bool option_set(struct verify *v, struct str name, struct str value)
{
    const struct {
        struct str name;
        struct str *at;
    } options[] = { { S("--dns"), &v->dns },
                    { S("--ip"), &v->ip_text },
                    { S("--helo"), &v->in.sender.helo },
                    { S("--from"), &v->in.sender.from },
                    { S("--now"), &v->now_text },
                    { S("--sealer"), &v->sealer },
                    { S("--server"), &v->server } };
    for (size_t i = 0; i < COUNT(options); i++)
        if (str_eq(options[i].name, name)) {
            *options[i].at = value;
            return true;
        }
    return false;
}

static bool args_read(struct verify *v, char **args, int n)
{
    for (size_t i = 0; n > 0 && i < COUNT(kinds); i++)
        if (str_eq(kinds[i].name, str_c(args[0])))
            v->kind = &kinds[i];
    for (int i = 1; i < n; i++) {
        struct str word = str_c(args[i]);
        if (str_starts(word, S("--"))) {
            if (i + 1 == n || !option_set(v, word, str_c(args[i + 1])))
                return false;
            i++;
        } else if (v->file.p) {
            return false;
        } else {
            v->file = word;
        }
    }
    return v->kind != NULL;
}

/* <a@b.example> as SMTP has it, or without the brackets. */
static struct str bare(struct str path)
{
    bool in_brackets = str_starts(path, S("<")) && str_ends(path, S(">"));
    return in_brackets ? str_sub(path, 1, path.n - 2) : path;
}

static bool args_check(struct verify *v, const struct config *c)
{
    uint64_t now = (uint64_t)clock_wall_ms(NULL) / 1000;
    struct verdict_in *in = &v->in;
    if ((v->ip_text.p && ip_parse(v->ip_text, &in->sender.ip) != OK) ||
        (v->now_text.p && !str_to_u64(v->now_text, &now)))
        return false;
    in->sender.now_s = (int64_t)MIN(now, (uint64_t)INT32_MAX * 1000);
    in->sender.from = bare(in->sender.from);
    if (v->server.p && config_value_name(v->server) != NULL) { /* it stands in the header that is printed */
        fprintf(stderr, "mayfly verify: --server is no host name\n");
        return false;
    }
    in->server = v->server.p ? v->server : c->server_hostname;
    in->sender.receiver = in->server;
    in->sealers = &v->sealer;
    in->sealers_n = v->sealer.p != NULL;
    if (v->ip_text.p)
        return true;
    bool named = in->sender.from.p || in->sender.helo.p; /* no client, no SPF */
    if (named)
        fprintf(stderr, "mayfly verify: --from and --helo need --ip\n");
    in->sender.from = in->sender.helo = S("");
    return !named && !v->kind->takes_ip;
}

/* ---- the message ---- */
static bool from_stdin(const struct verify *v) { return v->file.p == NULL || str_eq(v->file, S("-")); }
static const char TOO_LARGE[] = "larger than a message may be here (256 MiB)";

/* NULL, or why not. */
static const char *read_all(const struct verify *v, struct buf *out)
{
    AUTO_FD int fd = from_stdin(v) ? dup(STDIN_FILENO) : open(v->file.p, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0) {
        char *room = buf_reserve(out, 64 * 1024);
        if (!room)
            return TOO_LARGE;
        n = read(fd, room, 64 * 1024);
        out->n += n > 0 ? (size_t)n : 0;
    }
    return n < 0 ? strerrordesc_np(errno) : NULL;
}

static const char *read_message(struct verify *v)
{
    AUTO_BUF struct buf raw = { .max = TEXT_MAX };
    const char *why = read_all(v, &raw);
    if (why)
        return why;
    for (struct str rest = buf_str(&raw); rest.n > 0;) {
        size_t lf = str_chr(rest, '\n');
        buf_put(&v->text, str_line(rest, &rest));
        if (lf != STR_NONE)
            buf_puts(&v->text, "\r\n");
    }
    arena_init(&v->arena, ARENA_MAX);
    if (v->text.failed)
        return TOO_LARGE;
    return verdict_init(&v->verdict, &v->arena, &v->in, buf_str(&v->text)) == OK ? NULL : "no message that can be read";
}

/* ---- running ---- */
static void on_done(void *ctx, enum err e)
{
    struct verify *v = ctx;
    v->result = e;
    loop_stop(v->loop);
}

static enum err resolver(const struct verify *v, const struct config *c, struct dns **out)
{
    struct dns_opts o = { .forward = v->dns.p ? &v->dns : c->dns_forward.v,
                          .forward_n = v->dns.p ? 1 : c->dns_forward.n,
                          .trust_anchor = c->dns_trust_anchor.p,
                          .timeout_ms = DNS_TIMEOUT_MS };
    return o.forward_n ? dns_start(&o, out) : OK;
}

static enum err ask(struct verify *v, const struct config *c)
{
    struct dns *dns = NULL;
    struct inquiry *q = NULL;
    enum err e = resolver(v, c, &dns);
    if (e == OK && dns == NULL)
        fprintf(stderr, "mayfly verify: no resolver (--dns, dns.forward): nobody was asked\n");
    struct inquiry_opts o = {
        .dns = dns, .loop = v->loop, .deadline_ms = DEADLINE_MS, .check = v->kind->check, .done = on_done, .ctx = v
    };
    if (e == OK)
        e = inquiry_start(&o, &q);
    if (e == OK) {
        loop_run(v->loop);
        e = v->result;
    }
    inquiry_free(q);
    dns_stop(dns);
    dns_free(dns);
    return e;
}

int verify_run(const struct config *c, char **args, int n)
{
    struct verify v = { .text = { .max = TEXT_MAX }, .out = { .max = OUT_MAX } };
    if (!args_read(&v, args, n) || !args_check(&v, c)) {
        fprintf(stderr, "usage: mayfly verify " VERIFY_USAGE "\n");
        return EXIT_USAGE;
    }
    const char *why = v.kind->takes_message ? read_message(&v) : NULL;
    if (why) {
        fprintf(stderr, "mayfly verify: %s: %s\n", from_stdin(&v) ? "standard input" : v.file.p, why);
        return 1;
    }
    enum err e = rand_start();
    if (e == OK)
        e = loop_new(&v.loop);
    if (e == OK) {
        e = ask(&v, c);
        loop_free(v.loop);
    }
    if (e == OK)
        fwrite(v.out.p, 1, v.out.n, stdout);
    else
        fprintf(stderr, "mayfly verify: %s\n",
                e == ERR_BAD ? "--dns, dns.forward or dns.trust_anchor cannot be used" : err_name(e));
    arena_reset(&v.arena);
    buf_fini(&v.text);
    buf_fini(&v.out);
    return e == OK ? 0 : 1;
}
