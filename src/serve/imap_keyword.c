/* Flags and the names of keywords. A box's keywords are bits whose names lie sealed with it; a session learns them when
 * it selects a mailbox, when it meets a bit it does not know, and when it brings in a new one. */
#include "serve/imap_state.h"
#include <stdlib.h>
#include <string.h>

uint32_t imap_known_bits(const struct imap_session *s)
{
    uint32_t bits = 0;
    for (size_t i = 0; s->names != NULL && i < s->names->n; i++)
        bits |= s->names->v[i].flag;
    return bits;
}

bool imap_learn_names(struct imap_session *s, const struct imap_answer *a)
{
    bool some = a->keywords_n > 0; /* most boxes have none, and many sessions idle */
    struct imap_names *names = some ? calloc(1, sizeof *names + a->keywords_n * sizeof names->v[0]) : NULL;
    if (some && names == NULL)
        return false;
    for (size_t i = 0; i < a->keywords_n; i++) {
        const struct keyword *k = &a->keywords[i];
        if (!imap_keyword_valid(k->name))
            continue;
        names->v[names->n].flag = k->flag;
        memcpy(names->v[names->n++].name, k->name.p, k->name.n);
    }
    free(s->names);
    s->names = names;
    return true;
}

uint32_t imap_name_flag(const struct imap_session *s, struct str keyword)
{
    for (size_t i = 0; s->names != NULL && i < s->names->n; i++)
        if (str_eq_nocase(str_c(s->names->v[i].name), keyword))
            return s->names->v[i].flag;
    return 0;
}

static void put_word(struct buf *out, size_t begin, struct str word)
{
    if (out->n > begin)
        buf_putc(out, ' ');
    buf_put(out, word);
}

void imap_put_flags(struct imap_session *s, struct buf *out, uint32_t flags, bool recent)
{
    size_t begin = out->n;
    imap_flags_put(out, flags & (IMAP_SEEN | IMAP_FLAGGED | IMAP_ANSWERED | IMAP_DRAFT | IMAP_DELETED));
    for (size_t i = 0; s->names != NULL && i < s->names->n; i++)
        if (flags & s->names->v[i].flag)
            put_word(out, begin, str_c(s->names->v[i].name));
    if (recent)
        put_word(out, begin, S("\\Recent"));
}

void imap_put_flag_lists(struct imap_session *s)
{
    AUTO_BUF struct buf all = { .max = 4096 };
    imap_put_flags(s, &all, UINT32_MAX, false);
    imap_untagged(s, "FLAGS (%.*s)", STR_FMT(buf_str(&all)));
    if (s->view->read_only)
        imap_untagged(s, "OK [PERMANENTFLAGS ()] nothing can be changed");
    else
        imap_untagged(s, "OK [PERMANENTFLAGS (%.*s%s)] these stay", STR_FMT(buf_str(&all)),
                      s->names != NULL && s->names->n >= STORE_KEYWORDS_MAX ? "" : " \\*");
}

/* ---- new ones ---- */

static void on_put(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err == ERR_FULL) {
        imap_reply(s, "NO [LIMIT] this box has all the keywords it can have");
    } else if (a->err != OK || !imap_learn_names(s, a)) {
        imap_fail(s, a->err != OK ? a->err : ERR_IO);
    } else {
        if (s->view != NULL)
            imap_put_flag_lists(s);
        s->cmd->step(s);
    }
}

void imap_keywords_make(struct imap_session *s, const struct str *names, size_t n, imap_step *then)
{
    for (size_t i = 0; i < n; i++)
        if (imap_name_flag(s, names[i]) == 0) {
            s->cmd->step = then;
            imap_ask(s, on_put)->keyword_put(s, names, n);
            return;
        }
    then(s);
}
