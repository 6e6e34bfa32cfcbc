/* Any bytes as a mail that is answered, passed on, gone on with, or whose list is to be left: what comes of it can be
 * written again. */
#include "core/reply.h"
#include "base/text.h"
#include "core/compose.h"
#include "core/unsubscribe.h"
#include "wire/addr.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_people(const struct draft_people *p)
{
    struct addr a;
    for (size_t i = 0; i < p->n; i++)
        if (addr_parse(p->v[i].address, &a) != OK || a.literal || str_chr(p->v[i].name, '\n') != STR_NONE)
            abort();
}

static void answer(enum reply_as as, struct str mail)
{
    AUTO_ARENA struct arena a = { .max = 16 << 20 };
    AUTO_BUF struct buf out = { .max = 16 << 20 };
    struct str own = S("me@mayfly.example");
    struct reply r;
    if (reply_make(as, mail, mail, own, &a, &r) != OK)
        return;
    check_people(&r.to);
    check_people(&r.cc);
    check_people(&r.bcc);
    if (!utf8_valid(r.subject) || str_chr(r.subject, '\n') != STR_NONE)
        abort();
    struct draft d = { .from = { .address = own }, .to = r.to, .cc = r.cc, .subject = r.subject, .text = r.text };
    draft_thread(&d, &a, mail);
    if (compose(&d, 0, "0123456789abcdef0123456789abcdef", &a, &out) != OK)
        return;
    for (size_t i = 0; i < out.n; i++)
        if (out.p[i] == '\0' || (out.p[i] == '\n' && (i == 0 || out.p[i - 1] != '\r')))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct str mail = str_of(data, n);
    struct unsubscribe u;
    struct addr x;
    for (enum reply_as as = REPLY_SENDER; as <= REPLY_EDIT; as++)
        answer(as, mail);
    if (unsubscribe_find(mail, &a, &u) && u.address.n > 0 && addr_parse(u.address, &x) != OK)
        abort();
    if (u.url.n > 0 && (!str_starts_nocase(u.url, S("https://")) || str_chr(u.url, '"') != STR_NONE))
        abort();
    return 0;
}
