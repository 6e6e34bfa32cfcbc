/* The mail goes as chunks behind their lengths, an empty one last; the answer is one line that ends in NUL, as the
 * command began with z. clamd may answer, and close, before it has read all: over its limit. */
#include "trust/clamd.h"
#include <stdlib.h>
#include <string.h>

enum { CHUNK_N = 64 * 1024, REPLY_MAX = 4096, LENGTH_N = 4 };

struct clamd_scan {
    struct exchange *x;
    struct str left; /* of the mail */
    struct str next; /* the chunk whose length was sent last */
    enum { SEND_COMMAND, SEND_LENGTH, SEND_CHUNK, SENT } at;
    uint8_t length[LENGTH_N];
    struct clamd_reply reply;
    char line[REPLY_MAX]; /* what reply borrows from */
    void (*done)(void *ctx, enum err e, const struct clamd_reply *r);
    void *ctx;
};

/* ---- the reply ---- */
static struct str printable(struct str s)
{
    size_t n = 0;
    while (n < s.n && n < LIMIT_SCAN_NAME && s.p[n] > ' ' && s.p[n] < 127)
        n++;
    return n > 0 ? str_sub(s, 0, n) : S("unnamed");
}

/* ClamAV's words for what it could not look into, where it is told to say so (AlertExceedsMax, AlertEncrypted). */
static bool is_no_malware(struct str name)
{
    return str_starts(name, S("Heuristics.Limits.Exceeded")) || str_starts(name, S("Heuristics.Encrypted"));
}

/* cl_strerror()'s words for what lies in the mail and not in the scanner (libclamav's clamav.h). */
static bool is_of_the_mail(struct str error)
{
    static const struct str words[] = { STR("Can't parse data"),
                                        STR("Can't unpack some data"),
                                        STR("CL_EPARSE"),
                                        STR("CL_EUNPACK"),
                                        STR("CL_EFORMAT"),
                                        STR("Bad format or broken data"),
                                        STR("CL_EMAXREC"),
                                        STR("CL_EMAXSIZE"),
                                        STR("CL_EMAXFILES"),
                                        STR("CL_ETIMEOUT"),
                                        STR("Exceeded time limit"),
                                        STR("Time limit reached"),
                                        STR("Error during bytecode"),
                                        STR("CL_EBYTECODE:") };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_starts(error, words[i]))
            return true;
    return false;
}

/* "stream: Eicar-Test-Signature FOUND", "stream: OK", "INSTREAM size limit exceeded. ERROR", "stream: Can't allocate
 * memory ERROR" */
struct clamd_reply clamd_reply_of(struct str line)
{
    line = str_trim(line);
    if (str_eq(line, S("stream: OK")))
        return (struct clamd_reply){ .said = CLAMD_CLEAN };
    if (str_starts(line, S("INSTREAM size limit exceeded")))
        return (struct clamd_reply){ .said = CLAMD_TOO_LARGE };
    if (str_starts(line, S("stream: ")) && str_ends(line, S(" ERROR")))
        return (struct clamd_reply){ .said = is_of_the_mail(str_from(line, 8)) ? CLAMD_LIMITS : CLAMD_ERROR };
    if (!str_starts(line, S("stream: ")) || !str_ends(line, S(" FOUND")) || line.n < sizeof "stream:  FOUND" - 1)
        return (struct clamd_reply){ .said = CLAMD_FAILED };
    struct str name = printable(str_sub(line, 8, line.n - 8 - 6));
    return (struct clamd_reply){ .said = is_no_malware(name) ? CLAMD_LIMITS : CLAMD_FOUND, .name = name };
}

/* ---- the exchange ---- */
static bool send_next(void *ctx, struct str *piece)
{
    struct clamd_scan *s = ctx;
    switch (s->at) {
    case SEND_COMMAND:
        *piece = str_of("zINSTREAM", sizeof "zINSTREAM"); /* with its NUL */
        s->at = SEND_LENGTH;
        return true;
    case SEND_LENGTH:
        s->next = str_sub(s->left, 0, CHUNK_N);
        put_be32(s->length, (uint32_t)s->next.n);
        *piece = str_of(s->length, LENGTH_N);
        s->at = s->next.n > 0 ? SEND_CHUNK : SENT;
        return true;
    case SEND_CHUNK:
        *piece = s->next;
        s->left = str_from(s->left, s->next.n);
        s->at = SEND_LENGTH;
        return true;
    case SENT:
        return false;
    }
    return false;
}

static enum err read_reply(void *ctx, struct str answer, bool)
{
    struct clamd_scan *s = ctx;
    size_t n = str_chr(answer, 0);
    if (n == STR_NONE)
        return ERR_MORE;
    memcpy(s->line, answer.p, n);
    s->reply = clamd_reply_of(str_of(s->line, n));
    return s->reply.said == CLAMD_FAILED ? ERR_BAD : OK;
}

static void on_done(void *ctx, enum err e)
{
    struct clamd_scan *s = ctx;
    s->done(s->ctx, e, &s->reply);
    free(s);
}

static const struct exchange_ops ops = { .send = send_next, .read = read_reply, .done = on_done };

enum err clamd_scan(const struct clamd_opts *o, struct str msg,
                    void (*done)(void *ctx, enum err e, const struct clamd_reply *r), void *ctx,
                    struct clamd_scan **out)
{
    struct clamd_scan *s = calloc(1, sizeof *s);
    const struct exchange_opts xo = {
        .loop = o->loop, .to = o->to, .deadline_ms = o->deadline_ms, .answer_max = REPLY_MAX
    };
    if (!s)
        return ERR_IO;
    s->left = msg;
    s->done = done;
    s->ctx = ctx;
    s->reply.said = CLAMD_FAILED;
    if (exchange_start(&xo, &ops, s, &s->x) != OK) {
        free(s);
        return ERR_IO;
    }
    *out = s;
    return OK;
}

void clamd_cancel(struct clamd_scan *s)
{
    exchange_cancel(s->x);
    free(s);
}
