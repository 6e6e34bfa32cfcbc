#include "core/reply.h"
#include "base/text.h"
#include "wire/addr.h"
#include "wire/header.h"

bool reply_as_of(struct str word, enum reply_as *out)
{
    static const struct str words[] = {
        [REPLY_SENDER] = STR("reply"),
        [REPLY_ALL] = STR("reply_all"),
        [REPLY_FORWARD] = STR("forward"),
        [REPLY_EDIT] = STR("edit"),
    };
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq(word, words[i])) {
            *out = (enum reply_as)i;
            return true;
        }
    return false;
}

/* ---- people ---- */

static bool same(struct str a, struct str b)
{
    AUTO_BUF struct buf x = { .max = 2 * LIMIT_ADDR }, y = { .max = 2 * LIMIT_ADDR };
    if (addr_key(&x, a) == OK && addr_key(&y, b) == OK)
        return str_eq(buf_str(&x), buf_str(&y));
    return str_eq_nocase(a, b);
}

static bool among(const struct draft_people *p, struct str address)
{
    for (size_t i = 0; i < p->n; i++)
        if (same(p->v[i].address, address))
            return true;
    return false;
}

/* Those of a field that mail can go to, each once, without own and those in but. */
static void add_field(struct draft_people *p, struct arena *a, struct str header, struct str name, struct str own,
                      const struct draft_people *but)
{
    struct addr_list l;
    struct str wrong;
    if (addr_list_parse(a, header_find(header, name), &l) != OK)
        return;
    for (size_t i = 0; i < l.n && p->n < DRAFT_PEOPLE_MAX; i++) {
        const struct addr_item *x = &l.v[i];
        bool wanted = x->kind == ADDR_MAILBOX && !(own.n > 0 && same(x->text, own)) && !among(p, x->text) &&
                      !(but != NULL && among(but, x->text));
        if (wanted && !draft_person_add(p, a, x->name, x->text, &wrong))
            continue; /* no mail could go there */
    }
}

static void find_people(enum reply_as as, struct str header, struct str own, struct arena *a, struct reply *out)
{
    add_field(&out->from, a, header, S("From"), S(""), NULL);
    if (as == REPLY_FORWARD)
        return;
    if (as == REPLY_EDIT) {
        add_field(&out->to, a, header, S("To"), S(""), NULL);
        add_field(&out->cc, a, header, S("Cc"), S(""), NULL);
        add_field(&out->bcc, a, header, S("Bcc"), S(""), NULL);
        return;
    }
    add_field(&out->to, a, header, S("Reply-To"), own, NULL);
    if (out->to.n == 0)
        add_field(&out->to, a, header, S("From"), own, NULL);
    bool mine = out->to.n == 0;
    if (mine)
        add_field(&out->to, a, header, S("To"), own, NULL);
    if (as == REPLY_ALL) {
        add_field(&out->cc, a, header, S("To"), own, &out->to);
        add_field(&out->cc, a, header, S("Cc"), own, &out->to);
    }
    if (out->to.n == 0) /* a note to oneself */
        add_field(&out->to, a, header, S("From"), S(""), NULL);
}

/* ---- subject ---- */

static struct str with_prefix(struct arena *a, const char *prefix, struct str subject)
{
    struct str s = arena_printf(a, "%s%.*s", prefix, STR_FMT(subject));
    return utf8_cut(s, DRAFT_SUBJECT_MAX);
}

static struct str subject_of(enum reply_as as, struct str header, struct arena *a)
{
    struct str s = utf8_cut(header_get(a, header, S("Subject")), DRAFT_SUBJECT_MAX);
    bool forwarded = str_starts_nocase(s, S("Fwd:")) || str_starts_nocase(s, S("Fw:"));
    if (as == REPLY_EDIT || (as == REPLY_FORWARD && forwarded) ||
        (as != REPLY_FORWARD && str_starts_nocase(s, S("Re:"))))
        return s;
    return with_prefix(a, as == REPLY_FORWARD ? "Fwd: " : "Re: ", s);
}

/* ---- text ---- */

/* Without what stands behind the last signature mark (RFC 3676 section 4.3), if it is short enough to be one. */
static struct str without_signature(struct str text)
{
    enum { SIGNATURE_MAX = 2000 };
    size_t from = text.n > SIGNATURE_MAX ? text.n - SIGNATURE_MAX : 0, at = STR_NONE;
    struct str end = str_from(text, from);
    for (size_t i = 0; (i = str_find(end, S("\n-- \n"))) != STR_NONE;) {
        at = text.n - end.n + i;
        end = str_from(end, i + 1);
    }
    return at != STR_NONE ? str_sub(text, 0, at + 1) : text;
}

static struct str trimmed_lines(struct str text)
{
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r' || text.p[text.n - 1] == ' '))
        text.n--;
    while (text.n > 0 && (text.p[0] == '\n' || text.p[0] == '\r'))
        text = str_from(text, 1);
    return text;
}

static enum err quote(struct arena *a, struct str text, struct str *out)
{
    AUTO_BUF struct buf b = { .max = 3 * REPLY_QUOTE_MAX, .secret = true };
    struct str rest = trimmed_lines(without_signature(text)), cut = utf8_cut(rest, REPLY_QUOTE_MAX);
    bool whole = cut.n == rest.n;
    for (rest = cut; rest.n > 0;) {
        struct str line = str_line(rest, &rest);
        buf_puts(&b, line.n == 0 || line.p[0] == '>' ? ">" : "> ");
        buf_put(&b, line);
        buf_putc(&b, '\n');
    }
    if (!whole)
        buf_puts(&b, "> [...]\n");
    *out = arena_dup(a, buf_str(&b));
    return b.failed || (b.n > 0 && out->p == NULL) ? ERR_FULL : OK;
}

enum err reply_make(enum reply_as as, struct str header, struct str text, struct str own, struct arena *a,
                    struct reply *out)
{
    struct reply r = { 0 };
    find_people(as, header, own, a, &r);
    r.subject = subject_of(as, header, a);
    if (as == REPLY_SENDER || as == REPLY_ALL) {
        enum err e = quote(a, text, &r.text);
        if (e != OK)
            return e;
    } else {
        r.text = arena_dup(a, text);
        if (text.n > 0 && r.text.p == NULL)
            return ERR_FULL;
    }
    *out = r;
    return OK;
}
