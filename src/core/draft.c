/* People and threads of a draft. Names become one line; domains become A-labels, so that only a local part outside
 * ASCII needs SMTPUTF8 (RFC 6531). */
#include "core/draft.h"
#include "base/text.h"
#include "wire/addr.h"
#include "wire/domain.h"
#include "wire/header.h"

struct str draft_line(struct arena *a, struct str s)
{
    char *p = arena_room(a, s.n > 0 ? s.n : 1);
    for (size_t i = 0; p != NULL && i < s.n; i++)
        p[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i];
    return p != NULL ? str_trim(str_of(p, s.n)) : S("");
}

/* ---- people ---- */

/* The address as it is written in a header and on the envelope. False: it is none, or no mail leaves for it. */
static bool as_written(struct arena *a, struct str text, struct str *out)
{
    struct addr x;
    AUTO_BUF struct buf b = { .max = 2 * LIMIT_ADDR };
    if (addr_parse(text, &x) != OK || x.literal || x.domain.n == 0)
        return false;
    buf_put(&b, x.local);
    buf_putc(&b, '@');
    if (domain_to_ascii(&b, x.domain) != OK || b.failed || b.n > LIMIT_ADDR)
        return false;
    *out = arena_dup(a, buf_str(&b));
    return out->p != NULL;
}

bool draft_person_add(struct draft_people *p, struct arena *a, struct str name, struct str address, struct str *wrong)
{
    *wrong = S("");
    if (p->n == DRAFT_PEOPLE_MAX)
        return false;
    if (p->v == NULL)
        p->v = arena_array(a, DRAFT_PEOPLE_MAX, sizeof *p->v);
    if (p->v == NULL)
        return false;
    *wrong = address;
    struct draft_person *one = &p->v[p->n];
    if (!as_written(a, address, &one->address))
        return false;
    one->name = draft_line(a, utf8_cut(name, DRAFT_NAME_MAX));
    p->n++;
    return true;
}

bool draft_people_add(struct draft_people *p, struct arena *a, struct str text, struct str *wrong)
{
    struct addr_list l;
    *wrong = text;
    if (addr_list_parse(a, draft_line(a, text), &l) != OK || l.truncated)
        return false;
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].kind == ADDR_MAILBOX && !draft_person_add(p, a, l.v[i].name, l.v[i].text, wrong))
            return false;
    return !l.broken;
}

/* ---- threads ---- */

/* What may stand in a header of ours. */
static bool is_plain_id(struct str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] <= ' ' || id.p[i] > '~' || id.p[i] == '<' || id.p[i] == '>')
            return false;
    return id.n > 0 && id.n < 250;
}

static struct str first_id(struct str raw)
{
    for (struct str rest = raw, id; (id = header_msgid(rest, &rest)).p != NULL;)
        if (is_plain_id(id))
            return id;
    return S("");
}

/* The ids of raw, and last if there is one, as one line: the first and the newest of them. */
static struct str id_line(struct arena *a, struct str raw, struct str last)
{
    AUTO_BUF struct buf b = { .max = 256 * (DRAFT_IDS_MAX + 1) };
    struct str rest = raw, id;
    size_t n = 0, i = 0;
    while ((id = header_msgid(rest, &rest)).p != NULL)
        n += is_plain_id(id) && !str_eq(id, last);
    for (rest = raw; (id = header_msgid(rest, &rest)).p != NULL;)
        if (is_plain_id(id) && !str_eq(id, last) && (i++ == 0 || n - i < DRAFT_IDS_MAX - 2))
            buf_printf(&b, "%s<%.*s>", b.n > 0 ? " " : "", STR_FMT(id));
    if (last.n > 0)
        buf_printf(&b, "%s<%.*s>", b.n > 0 ? " " : "", STR_FMT(last));
    return arena_dup(a, buf_str(&b));
}

void draft_thread(struct draft *d, struct arena *a, struct str header)
{
    struct str id = first_id(header_find(header, S("Message-ID")));
    struct str before = header_find(header, S("References"));
    struct str parent = header_find(header, S("In-Reply-To"));
    struct str rest, one = header_msgid(parent, &rest);
    if (before.p == NULL && one.p != NULL && header_msgid(rest, &rest).p == NULL) /* several would be no thread */
        before = parent;
    if (id.n == 0)
        return;
    d->answered = id_line(a, S(""), id);
    d->references = id_line(a, before, id);
}

void draft_thread_keep(struct draft *d, struct arena *a, struct str header)
{
    d->answered = id_line(a, header_find(header, S("In-Reply-To")), S(""));
    d->references = id_line(a, header_find(header, S("References")), S(""));
}
