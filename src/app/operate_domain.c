/* mayfly domain: the signing keys of a domain, and what its owner publishes. Keys are made and changed by the operator
 * alone, in two steps: rotate makes the next pair and says what to publish; rotate again signs with
 * it, if the DNS shows it. The old records stay for a week, as long as what was signed with them is good. */
#include "app/domain_check.h"
#include "app/domain_keys.h"
#include "app/operate.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 128 * 1024, SCRATCH_MAX = 256 * 1024 };

static void answer(struct ctl_req *r, const struct buf *out)
{
    if (out->failed)
        ctl_error(r, "too much to say");
    else
        ctl_ok(r, buf_str(out));
}

/* The domain's name as configured, or nothing. */
static struct str served(const struct app *a, struct str word)
{
    for (size_t i = 0; i < a->config.server_domains.n; i++)
        if (str_eq_nocase(word, a->config.server_domains.v[i]))
            return a->config.server_domains.v[i];
    return (struct str){ 0 };
}

static enum err put_records(struct app *a, struct str domain, const struct sign_domain *d, struct buf *out)
{
    AUTO_ARENA struct arena scratch = { .max = SCRATCH_MAX };
    struct domain_rows rows;
    enum err e = domain_rows(a, &scratch, domain, d, &rows);
    if (e == OK)
        domain_rows_put(&rows, out);
    return e;
}

static void say_unusable(struct ctl_req *r, enum err e)
{
    ctl_error(r, e == ERR_GONE  ? "no keys yet: mayfly domain add DOMAIN makes them"
                 : e == ERR_BAD ? "its file in the folder dkim is not one of ours"
                                : operate_why(e));
}

/* ---- add, show, list ---- */

static void add(struct app *a, struct ctl_req *r, struct str domain)
{
    AUTO_BUF struct buf out = { .max = TEXT_MAX };
    struct sign_domain d = { 0 };
    enum err e = domain_keys_read(a, domain, &d);
    if (e == ERR_GONE) {
        e = sign_pair_make(store_now_ms(a->store), NULL, &d.current);
        if (e == OK)
            e = domain_keys_save(a, domain, &d);
        if (e != OK)
            sign_domain_fini(&d);
    }
    if (e == OK)
        e = put_records(a, domain, &d, &out);
    if (e == OK)
        answer(r, &out);
    else
        say_unusable(r, e);
    sign_domain_fini(&d);
}

static void show(struct app *a, struct ctl_req *r, struct str domain)
{
    AUTO_BUF struct buf out = { .max = TEXT_MAX };
    struct sign_domain d = { 0 };
    enum err e = domain_keys_read(a, domain, &d);
    bool has = e == OK;
    if (e == OK || e == ERR_GONE)
        e = put_records(a, domain, has ? &d : NULL, &out);
    if (!has)
        buf_puts(&out, "; mail is not signed: mayfly domain add DOMAIN makes keys\n");
    if (e == OK)
        answer(r, &out);
    else
        say_unusable(r, e);
    sign_domain_fini(&d);
}

static void list(struct app *a, struct ctl_req *r)
{
    AUTO_BUF struct buf out = { .max = TEXT_MAX };
    for (size_t i = 0; i < a->config.server_domains.n; i++) {
        struct str domain = a->config.server_domains.v[i];
        struct sign_domain d = { 0 };
        bool has = domain_keys_read(a, domain, &d) == OK;
        buf_put(&out, domain);
        if (has)
            buf_printf(&out, " signed %s %s%s\n", d.current.selector[SIGN_RSA], d.current.selector[SIGN_ED25519],
                       d.has_next ? ", the next keys wait" : "");
        else
            buf_puts(&out, " unsigned\n");
        sign_domain_fini(&d);
    }
    answer(r, &out);
}

/* ---- the next keys ---- */

static enum err make_next(struct app *a, struct str domain, struct sign_domain *d, struct buf *out)
{
    enum err e = sign_pair_make(store_now_ms(a->store), d, &d->next);
    d->has_next = e == OK;
    if (e == OK)
        e = domain_keys_save(a, domain, d);
    buf_puts(out, "; publish these; once the DNS shows them (mayfly domain check), mayfly domain rotate signs with "
                  "them\n");
    return e == OK ? put_records(a, domain, d, out) : e;
}

static enum err use_next(struct app *a, struct str domain, struct sign_domain *d, struct buf *out)
{
    memcpy(d->old, d->current.selector, sizeof d->old);
    sign_pair_fini(&d->current);
    d->current = d->next;
    d->next = (struct sign_pair){ 0 };
    d->has_next = false;
    for (int k = 0; k < SIGN_KINDS; k++)
        buf_printf(out, "; %s._domainkey may go in a week\n", d->old[k]);
    return domain_keys_save(a, domain, d);
}

/* ---- check ---- */
static const char NO_DNS[] = "nobody can be asked: set dns.forward";

/* d: NULL: it has no keys. NULL: answered. */
static struct domain_check *check_new(struct app *a, struct ctl_req *r, struct str domain, const struct sign_domain *d,
                                      domain_check_fn *done)
{
    struct domain_check *c;
    enum err e = domain_check_new(a, domain, d, done, r, &c);
    if (e == OK)
        return c;
    ctl_error(r, e == ERR_BUSY ? "out of memory" : err_name(e));
    return NULL;
}

static void say_all(struct domain_check *c, void *req)
{
    AUTO_BUF struct buf out = { .max = TEXT_MAX };
    for (size_t i = 0; i < c->rows.n; i++) {
        const struct domain_row *row = &c->rows.v[i];
        if (c->said[i])
            buf_printf(&out, "%-12s %-5s %.*s%s\n", c->said[i], row->type, STR_FMT(row->name),
                       row->need == USEFUL ? " (optional)" : "");
    }
    if (c->policy_said)
        buf_printf(&out, "%-12s HTTPS %.*s\n", c->policy_said, STR_FMT(c->policy_url));
    answer(req, &out);
    domain_check_free(c);
}

static void check(struct app *a, struct ctl_req *r, struct str domain)
{
    struct sign_domain d = { 0 };
    if (!a->dns) {
        ctl_error(r, NO_DNS);
        return;
    }
    bool has = domain_keys_read(a, domain, &d) == OK;
    struct domain_check *c = check_new(a, r, domain, has ? &d : NULL, say_all);
    sign_domain_fini(&d);
    if (c)
        domain_check_begin(c);
}

/* ---- rotate ---- */

static void rotate_now(struct app *a, struct ctl_req *r, struct str domain, struct sign_domain *d)
{
    AUTO_BUF struct buf out = { .max = TEXT_MAX };
    enum err e = d->has_next ? use_next(a, domain, d, &out) : make_next(a, domain, d, &out);
    if (e == OK)
        answer(r, &out);
    else
        say_unusable(r, e);
}

static bool is_of_next(const struct domain_row *row, const struct sign_domain *d)
{
    struct str rest, selector = str_cut(row->name, '.', &rest);
    return str_starts(rest, S("_domainkey.")) && (str_eq(selector, str_c(d->next.selector[SIGN_RSA])) ||
                                                  str_eq(selector, str_c(d->next.selector[SIGN_ED25519])));
}

/* Every record of the next keys was asked for: with any other answer than "ok", far ends would find no key. The file is
 * read again: somebody else may have rotated meanwhile. */
static void use_if_published(struct domain_check *c, void *req)
{
    struct sign_domain d = { 0 };
    char why[200] = "";
    enum err e = domain_keys_read(c->app, c->domain, &d);
    size_t good = 0;
    for (size_t i = 0; e == OK && i < c->rows.n; i++) {
        good += is_of_next(&c->rows.v[i], &d);
        if (c->said[i] && strcmp(c->said[i], "ok") != 0 && !why[0])
            snprintf(why, sizeof why, "the DNS does not have the next keys: %.*s: %s; publish it, wait, or --force",
                     (int)MIN(c->rows.v[i].name.n, (size_t)90), c->rows.v[i].name.p, c->said[i]);
    }
    if (e == OK && (!d.has_next || good != SIGN_KINDS))
        ctl_error(req, "the keys were changed meanwhile: see mayfly domain show");
    else if (e == OK && why[0])
        ctl_error(req, why);
    else if (e == OK)
        rotate_now(c->app, req, c->domain, &d);
    else
        say_unusable(req, e);
    sign_domain_fini(&d);
    domain_check_free(c);
}

static void ask_for_next(struct app *a, struct ctl_req *r, struct str domain, const struct sign_domain *d)
{
    struct domain_check *c = check_new(a, r, domain, d, use_if_published);
    if (!c)
        return;
    size_t n = 0;
    for (size_t i = 0; i < c->rows.n; i++)
        if (is_of_next(&c->rows.v[i], d))
            c->rows.v[n++] = c->rows.v[i];
    c->rows.n = n;
    c->only_records = true;
    domain_check_begin(c);
}

/* Signing with keys that nobody can look up is worse than not signing: it is not begun unless the DNS shows them. */
static void rotate_unless(struct app *a, struct ctl_req *r, struct str domain, bool force)
{
    struct sign_domain d = { 0 };
    enum err e = domain_keys_read(a, domain, &d);
    if (e != OK)
        say_unusable(r, e);
    else if (!d.has_next || force)
        rotate_now(a, r, domain, &d);
    else if (!a->dns)
        ctl_error(r, "whether the next keys are published nobody can be asked: set dns.forward, or --force");
    else
        ask_for_next(a, r, domain, &d);
    sign_domain_fini(&d);
}

static void rotate(struct app *a, struct ctl_req *r, struct str domain) { rotate_unless(a, r, domain, false); }

static const struct {
    struct str verb;
    void (*run)(struct app *, struct ctl_req *, struct str domain);
} verbs[] = { { STR("add"), add }, { STR("show"), show }, { STR("rotate"), rotate }, { STR("check"), check } };

void operate_domain(void *app, struct ctl_req *r, struct str args)
{
    struct app *a = app;
    struct str rest, verb = str_word(args, &rest);
    struct str option, domain = served(a, str_word(rest, &option));
    if (str_eq(verb, S("list"))) {
        list(a, r);
        return;
    }
    if (str_eq(verb, S("rotate")) && domain.n > 0 && str_eq(str_trim(option), S("--force"))) {
        rotate_unless(a, r, domain, true);
        return;
    }
    for (size_t i = 0; i < COUNT(verbs) && str_trim(option).n == 0; i++) {
        if (!str_eq(verb, verbs[i].verb))
            continue;
        if (domain.n > 0)
            verbs[i].run(a, r, domain);
        else
            ctl_error(r, "not one of server.domains");
        return;
    }
    ctl_error(r,
              "usage: mayfly domain list, mayfly domain add|show|check DOMAIN, mayfly domain rotate DOMAIN [--force]");
}
