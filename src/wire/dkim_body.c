/* Section 3.4.3 and 3.4.4. Line ends are held back until something follows them, so that empty lines at the end go, and
 * what has been written is hashed by the block: a message is not copied. */
#include "base/crypto_sha256.h"
#include "wire/dkim.h"

enum { BLOCK = 16 * 1024 };

struct writer {
    struct sha256_feed *hash;
    struct buf block;
    uint64_t n;      /* octets so far */
    uint64_t breaks; /* line ends held back */
};

static void put(struct writer *w, struct str s)
{
    w->n += s.n;
    if (s.n >= BLOCK / 2 || w->block.n + s.n > BLOCK) {
        sha256_feed_add(w->hash, buf_str(&w->block));
        buf_clear(&w->block);
    }
    if (s.n >= BLOCK / 2)
        sha256_feed_add(w->hash, s);
    else
        buf_put(&w->block, s);
}

static void put_breaks(struct writer *w)
{
    for (; w->breaks > 0; w->breaks--)
        put(w, S("\r\n"));
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Runs of blanks become one; those at the end go. */
static void put_relaxed_line(struct writer *w, struct str line)
{
    while (line.n > 0 && is_blank(line.p[line.n - 1]))
        line.n--;
    if (line.n == 0)
        return;
    put_breaks(w);
    for (size_t i = 0; i < line.n;) {
        size_t end = i;
        while (end < line.n && !is_blank(line.p[end]))
            end++;
        if (end < line.n && line.p[end] == ' ' && !is_blank(line.p[end + 1])) { /* as it stands, with its blank */
            put(w, str_sub(line, i, end + 1 - i));
            i = end + 1;
            continue;
        }
        put(w, str_sub(line, i, end - i));
        if (end < line.n)
            put(w, S(" "));
        while (end < line.n && is_blank(line.p[end]))
            end++;
        i = end;
    }
}

static void put_simple_line(struct writer *w, struct str line)
{
    if (line.n == 0)
        return;
    put_breaks(w);
    put(w, line);
}

/* Each line without its end. */
static void put_body(struct writer *w, struct str body, enum dkim_canon canon)
{
    while (body.n > 0) {
        const char *lf = memchr(body.p, '\n', body.n);
        size_t used = lf ? (size_t)(lf - body.p) + 1 : body.n;
        struct str line = str_sub(body, 0, lf ? used - 1 : used);
        if (lf && str_ends(line, S("\r")))
            line.n--;
        if (canon == DKIM_RELAXED)
            put_relaxed_line(w, line);
        else
            put_simple_line(w, line);
        w->breaks++; /* also behind a last line that has none */
        body = str_from(body, used);
    }
    /* The last line that has something keeps its end; a body of nothing is one line end in simple form alone. */
    w->breaks = w->n > 0 || canon == DKIM_SIMPLE;
    put_breaks(w);
}

enum err dkim_body_hash(struct dkim_msg *m, enum dkim_canon canon)
{
    if (m->hashed[canon])
        return OK;
    struct writer w = { .hash = sha256_feed_new(), .block = { .max = BLOCK, .secret = true } };
    if (!w.hash)
        return ERR_IO;
    put_body(&w, m->body, canon);
    sha256_feed_add(w.hash, buf_str(&w.block));
    sha256_feed_end(w.hash, m->body_hash[canon]);
    m->body_n[canon] = w.n;
    m->hashed[canon] = !w.block.failed;
    buf_fini(&w.block);
    return m->hashed[canon] ? OK : ERR_IO;
}
