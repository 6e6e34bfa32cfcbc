/* The parser has taken apart what is attached as message/rfc822, to any depth. One that is encoded, or is a file that
 * is only called .eml, is parsed here; another such file within that one is left alone, and that is said. */
#include "core/carrier.h"
#include "core/danger.h"
#include "core/filetype.h"

bool carrier_is(struct str name, struct str type)
{
    return str_ends_nocase(name, S(".eml")) || str_eq_nocase(type, S("message/rfc822")) ||
           str_eq_nocase(type, S("message/global"));
}

/* What is shown, where nobody opens anything. */
static bool is_body(const struct mime_part *p)
{
    return p->disp != MIME_DISP_ATTACHMENT && p->filename.n == 0 &&
           (mime_is(p, S("text"), S("plain")) || mime_is(p, S("text"), S("html")));
}

struct carried {
    bool program, closed;
};

static void look_at(const struct mime_part *p, struct str msg, struct carried *c)
{
    AUTO_BUF struct buf b = { .max = msg.n + 3, .secret = true };
    mime_decode(p, mime_body(p, msg), &b);
    const char *why = filetype_of(buf_str(&b), p->filename, p->ct.value).dangerous;
    if (danger_is_unseen(why) || danger_is_closed(why))
        c->closed = true;
    else if (why && !danger_is_page(why))
        c->program = true;
    else
        c->closed = c->closed || carrier_is(p->filename, p->ct.value);
}

const char *carrier_danger(const struct mime_tree *t, uint32_t root, struct str msg)
{
    struct carried c = { 0 };
    for (uint32_t i = root; i < t->n && (i == root || t->v[i].depth > t->v[root].depth) && !c.program; i++) {
        c.closed = c.closed || MIME_IS_CUT(&t->v[i]);
        if (mime_is_leaf(&t->v[i]) && !is_body(&t->v[i]))
            look_at(&t->v[i], msg, &c);
    }
    return danger_carried(c.program, c.closed);
}

const char *carrier_file_danger(struct str bytes)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA, .secret = true };
    struct mime_tree t;
    if (mime_parse(&a, bytes, &t) != OK)
        return danger_carried(false, true);
    return carrier_danger(&t, 0, bytes);
}
