/* RFC 5256 section 2.1, by its steps. Every step takes something off an end, and a run of blobs that no "Re:" follows
 * is looked at once, so the whole is linear. */
#include "wire/imap_subject.h"
#include "wire/fold.h"
#include "wire/header.h"

struct reader {
    struct str s;
    const char *dead; /* between s.p and here are blobs, and no refwd behind them */
    bool reply;
};

static struct str skip_blanks(struct str s)
{
    while (s.n > 0 && s.p[0] == ' ')
        s = str_from(s, 1);
    return s;
}

/* Behind a subj-blob and its blanks; s itself when none stands there. */
static struct str skip_blob(struct str s)
{
    if (s.n == 0 || s.p[0] != '[')
        return s;
    for (size_t i = 1; i < s.n && s.p[i] != '['; i++)
        if (s.p[i] == ']')
            return skip_blanks(str_from(s, i + 1));
    return s;
}

/* Step 2. */
static void cut_trailers(struct reader *r)
{
    for (;;) {
        if (str_ends(r->s, S(" "))) {
            r->s.n--;
        } else if (str_ends_nocase(r->s, S("(fwd)"))) {
            r->s.n -= 5;
            r->reply = true;
        } else {
            return;
        }
    }
}

/* subj-refwd, of which the blobs before it are taken already. */
static bool skip_refwd(struct str *s)
{
    struct str rest;
    if (str_starts_nocase(*s, S("re")))
        rest = str_from(*s, 2);
    else if (str_starts_nocase(*s, S("fwd")))
        rest = str_from(*s, 3);
    else if (str_starts_nocase(*s, S("fw")))
        rest = str_from(*s, 2);
    else
        return false;
    rest = skip_blob(skip_blanks(rest));
    if (rest.n == 0 || rest.p[0] != ':')
        return false;
    *s = str_from(rest, 1);
    return true;
}

/* Step 3: blobs and a refwd, or a blank. */
static bool cut_leader(struct reader *r)
{
    struct str rest = skip_blanks(r->s);
    if (rest.n < r->s.n) {
        r->s = rest;
        return true;
    }
    if (r->dead != NULL && r->s.p < r->dead)
        return false;
    for (struct str after; (after = skip_blob(rest)).n < rest.n;)
        rest = after;
    if (!skip_refwd(&rest)) {
        r->dead = rest.p;
        return false;
    }
    r->s = rest;
    r->reply = true;
    return true;
}

/* Step 4: unless nothing would be left. */
static bool cut_blob(struct reader *r)
{
    struct str rest = skip_blob(r->s);
    if (rest.n == r->s.n || rest.n == 0)
        return false;
    r->s = rest;
    return true;
}

/* Step 6. */
static bool cut_forward(struct reader *r)
{
    if (!str_starts_nocase(r->s, S("[fwd:")) || !str_ends(r->s, S("]")))
        return false;
    r->s = str_sub(r->s, 5, r->s.n - 6);
    r->reply = true;
    r->dead = NULL;
    return true;
}

enum err imap_subject_base(struct arena *a, struct str subject, struct imap_subject *out)
{
    AUTO_BUF struct buf line = { .max = subject.n }, folded = { .max = 6 * subject.n + 16 };
    for (size_t i = 0; i < subject.n; i++) /* step 1, as far as it is not done */
        if (subject.p[i] != ' ' || (line.n > 0 && line.p[line.n - 1] != ' '))
            buf_putc(&line, subject.p[i]);
    struct reader r = { .s = buf_str(&line) };
    do {
        cut_trailers(&r);
        while (cut_leader(&r) || cut_blob(&r)) {}
    } while (cut_forward(&r));
    fold_text_put(&folded, r.s);
    struct imap_subject made = { .base = arena_dup(a, buf_str(&folded)), .reply = r.reply };
    if (made.base.p == NULL || line.failed || folded.failed)
        return ERR_FULL;
    *out = made;
    return OK;
}

enum err imap_subject_of(struct arena *a, struct str head, struct imap_subject *out)
{
    AUTO_ARENA struct arena scratch = { .max = 16 * LIMIT_HEADER_TEXT, .secret = a->secret };
    struct str raw = header_find(head, S("Subject"));
    struct str text = raw.n > 0 ? header_text(&scratch, raw) : S("");
    return text.p == NULL ? ERR_FULL : imap_subject_base(a, text, out);
}
