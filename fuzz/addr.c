/* Mailboxes, paths, lists, domains. A normal form is its own normal form; the text of a valid item parses. */
#include "wire/addr.h"
#include "base/text.h"
#include "wire/deceptive.h"
#include "wire/domain.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_mailbox(struct str in)
{
    AUTO_BUF struct buf once = { .max = 1024 }, twice = { .max = 1024 };
    struct addr a;
    struct str tag;
    if (addr_parse(in, &a) != OK)
        return;
    must(a.text.n == in.n && a.local.n + 1 + a.domain.n == in.n && utf8_valid(in));
    if (addr_normalize(&once, &a, &tag) != OK)
        return;
    must(!deceptive_text(buf_str(&once)) && str_chr(buf_str(&once), '+') == STR_NONE);
    must(addr_key(&twice, buf_str(&once)) == OK && str_eq(buf_str(&once), buf_str(&twice)));
}

static void check_domain(struct str in)
{
    AUTO_BUF struct buf once = { .max = 1024 }, twice = { .max = 1024 }, shown = { .max = 4096 };
    (void)domain_org(in);
    (void)domain_is_public_suffix(in);
    domain_to_display(&shown, in);
    if (domain_to_ascii(&once, in) != OK)
        return;
    must(domain_valid(buf_str(&once)));
    must(domain_to_ascii(&twice, buf_str(&once)) == OK && str_eq(buf_str(&once), buf_str(&twice)));
    buf_clear(&shown);
    domain_to_display(&shown, buf_str(&once));
    must(!deceptive_text(buf_str(&shown)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    struct str in = str_of(data, n), rest;
    struct addr path;
    struct addr_list l;
    check_mailbox(in);
    check_domain(in);
    if (addr_path(in, &path, &rest) == OK)
        must(rest.n <= n && path.text.n <= LIMIT_ADDR);
    if (addr_list_parse(&a, in, &l) == OK) {
        must(l.n <= LIMIT_ADDRESSES);
        for (size_t i = 0; i < l.n; i++) {
            must(utf8_valid(l.v[i].name));
            must(!l.v[i].valid || addr_parse(l.v[i].text, &path) == OK);
        }
    }
    return 0;
}
