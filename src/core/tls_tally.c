/* A day is one arena: its ceiling bounds whatever strangers' policies and host names are like, and its end frees all.
 * Two are kept, today's and the one before, which waits to be reported. */
#include "core/tls_tally.h"
#include "base/map.h"
#include "base/text.h"
#include <stdlib.h>

enum { DAY_MEMORY = 8 * 1024 * 1024, DAYS = 2, MX_MAX = 253 };
static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

struct day {
    struct tls_day out; /* the first member: tls_day_free() is given it */
    struct arena arena;
    struct map domains; /* struct tls_domain */
};
struct tls_tally {
    struct day *days[DAYS]; /* the newest first */
};

const char *tls_policy_name(enum tls_policy_kind k)
{
    static const char *const names[] = {
        [TLS_POLICY_NONE] = "no-policy-found", [TLS_POLICY_STS] = "sts", [TLS_POLICY_TLSA] = "tlsa"
    };
    return names[k];
}

const char *tls_result_name(enum tls_result r)
{
    static const char *const names[] = { [TLS_GOOD] = NULL,
                                         [TLS_NO_STARTTLS] = "starttls-not-supported",
                                         [TLS_OTHER_HOST] = "certificate-host-mismatch",
                                         [TLS_EXPIRED] = "certificate-expired",
                                         [TLS_NOT_TRUSTED] = "certificate-not-trusted",
                                         [TLS_INVALID] = "validation-failure",
                                         [TLS_TLSA_INVALID] = "tlsa-invalid",
                                         [TLS_DNSSEC_INVALID] = "dnssec-invalid",
                                         [TLS_STS_FETCH] = "sts-policy-fetch-error",
                                         [TLS_STS_INVALID] = "sts-policy-invalid",
                                         [TLS_STS_WEBPKI] = "sts-webpki-invalid" };
    return names[r];
}

/* ---- policies in words ---- */
struct words {
    struct arena *arena;
    struct str *v;
    size_t n, octets;
    bool failed;
};

static void add_word(struct words *w, struct str s)
{
    w->octets += s.n;
    if (w->octets > TALLY_WORDS_MAX || (s.p && s.n == 0))
        return;
    w->failed |= s.p == NULL;
    w->v[w->n++] = s;
}

static struct words words_new(struct arena *a, size_t n)
{
    struct words w = { .arena = a, .v = arena_array(a, n, sizeof *w.v) };
    w.failed = !w.v;
    return w;
}

enum err tls_policy_of_sts(struct arena *a, struct str domain, const struct sts_policy *p, struct tls_policy *out)
{
    static const char *const modes[] = { [STS_NONE] = "none", [STS_TESTING] = "testing", [STS_ENFORCE] = "enforce" };
    struct words w = words_new(a, p->mx_n + 3);
    if (w.failed)
        return ERR_FULL;
    add_word(&w, S("version: STSv1"));
    add_word(&w, arena_printf(a, "mode: %s", modes[p->mode]));
    for (size_t i = 0; i < p->mx_n; i++)
        add_word(&w, arena_printf(a, "mx: %.*s", STR_FMT(p->mx[i])));
    add_word(&w, arena_printf(a, "max_age: %u", p->max_age_s));
    *out = (struct tls_policy){
        .kind = TLS_POLICY_STS, .domain = domain, .words = w.v, .words_n = w.n, .mx = p->mx, .mx_n = p->mx_n
    };
    return w.failed ? ERR_FULL : OK;
}

/* "3 1 1 ab12…", section 4.4. Empty: too long. */
static struct str tlsa_word(struct arena *a, struct str octets)
{
    AUTO_BUF struct buf text = { .max = TALLY_WORDS_MAX };
    struct str data = str_from(octets, 3);
    buf_printf(&text, "%u %u %u ", (uint8_t)octets.p[0], (uint8_t)octets.p[1], (uint8_t)octets.p[2]);
    char *hex = buf_reserve(&text, 2 * data.n);
    if (hex)
        text.n += text_hex(hex, data);
    return text.failed ? S("") : arena_dup(a, buf_str(&text));
}

enum err tls_policy_of_tlsa(struct arena *a, struct str domain, const struct str *records, size_t n,
                            struct tls_policy *out)
{
    struct words w = words_new(a, n);
    for (size_t i = 0; !w.failed && i < n; i++)
        if (records[i].n > 3)
            add_word(&w, tlsa_word(a, records[i]));
    *out = (struct tls_policy){ .kind = TLS_POLICY_TLSA, .domain = domain, .words = w.v, .words_n = w.n };
    return w.failed ? ERR_FULL : OK;
}

/* ---- a day ---- */
static struct day *day_new(int64_t start_ms)
{
    struct day *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->out.start_ms = start_ms;
    arena_init(&d->arena, DAY_MEMORY);
    map_init(&d->domains, TALLY_DOMAINS_MAX);
    return d;
}

static void day_free(struct day *d)
{
    if (!d)
        return;
    map_fini(&d->domains);
    arena_reset(&d->arena);
    free(d);
}

void tls_day_free(struct tls_day *d) { day_free(d ? CONTAINER_OF(d, struct day, out) : NULL); }

static struct tls_domain *domain_of(struct day *d, struct str name)
{
    struct tls_domain *it = map_get(&d->domains, name);
    if (it)
        return it;
    it = arena_new(&d->arena, struct tls_domain);
    if (!it)
        return NULL;
    it->name = arena_dup(&d->arena, name);
    if (!it->name.p || !map_set(&d->domains, it->name, it))
        return NULL;
    it->next = d->out.domains;
    d->out.domains = it;
    return it;
}

static bool same_list(const struct str *a, size_t a_n, const struct str *b, size_t b_n)
{
    bool same = a_n == b_n;
    for (size_t i = 0; same && i < a_n; i++)
        same = str_eq(a[i], b[i]);
    return same;
}

static bool same_policy(const struct tls_policy *a, const struct tls_policy *b)
{
    return a->kind == b->kind && str_eq_nocase(a->domain, b->domain) &&
           same_list(a->words, a->words_n, b->words, b->words_n);
}

static bool copy_list(struct arena *a, const struct str *v, size_t n, const struct str **out)
{
    struct str *copy = arena_array(a, n + 1, sizeof *copy);
    bool good = copy != NULL;
    for (size_t i = 0; good && i < n; i++) {
        copy[i] = arena_dup(a, v[i]);
        good = copy[i].p != NULL;
    }
    *out = copy;
    return good;
}

/* What its words leave out of its hosts, the list of hosts need not have either. */
static size_t mx_told(const struct tls_policy *p)
{
    size_t n = 0, octets = 0;
    while (n < p->mx_n && octets + p->mx[n].n <= TALLY_WORDS_MAX)
        octets += p->mx[n++].n;
    return n;
}

static struct tls_count *count_of(struct day *d, struct tls_domain *domain, const struct tls_policy *p)
{
    for (struct tls_count *c = domain->counts; c; c = c->next)
        if (same_policy(&c->policy, p))
            return c;
    struct tls_count *c = domain->counts_n < TALLY_POLICIES_MAX ? arena_new(&d->arena, struct tls_count) : NULL;
    if (!c)
        return NULL;
    c->policy = *p;
    c->policy.mx_n = mx_told(p);
    c->policy.domain = arena_dup(&d->arena, p->domain);
    if (!c->policy.domain.p || !copy_list(&d->arena, p->words, p->words_n, &c->policy.words) ||
        !copy_list(&d->arena, p->mx, c->policy.mx_n, &c->policy.mx))
        return NULL;
    c->next = domain->counts;
    domain->counts = c;
    domain->counts_n++;
    return c;
}

static struct tls_failure *failure_of(struct day *d, struct tls_count *c, struct str mx, enum tls_result r)
{
    for (struct tls_failure *f = c->failures; f; f = f->next)
        if (f->result == r && str_eq_nocase(f->mx, mx))
            return f;
    struct tls_failure *f = c->failures_n < TALLY_FAILURES_MAX ? arena_new(&d->arena, struct tls_failure) : NULL;
    if (!f)
        return NULL;
    f->result = r;
    f->mx = arena_dup(&d->arena, str_sub(mx, 0, MX_MAX));
    if (!f->mx.p)
        return NULL;
    f->next = c->failures;
    c->failures = f;
    c->failures_n++;
    return f;
}

/* A failure that has no row of its own is still one of the sum. */
static bool count(struct day *d, struct str domain, const struct tls_policy *p, struct str mx, enum tls_result result)
{
    struct tls_domain *it = domain_of(d, domain);
    struct tls_count *c = it ? count_of(d, it, p) : NULL;
    if (!c)
        return false;
    if (result == TLS_GOOD) {
        c->good++;
        return true;
    }
    c->bad++;
    struct tls_failure *f = failure_of(d, c, mx, result);
    if (f)
        f->n++;
    return true;
}

/* ---- the tally ---- */
enum err tls_tally_new(struct tls_tally **out)
{
    struct tls_tally *t = calloc(1, sizeof *t);
    if (!t)
        return ERR_IO;
    *out = t;
    return OK;
}

void tls_tally_free(struct tls_tally *t)
{
    for (size_t i = 0; t && i < DAYS; i++)
        day_free(t->days[i]);
    free(t);
}

/* A clock that was set back counts on in the day that is open. */
static struct day *today(struct tls_tally *t, int64_t now_ms)
{
    int64_t start_ms = now_ms - now_ms % DAY_MS;
    if (t->days[0] && t->days[0]->out.start_ms >= start_ms)
        return t->days[0];
    struct day *d = day_new(start_ms);
    if (!d)
        return NULL;
    if (t->days[0]) {
        day_free(t->days[1]);
        t->days[1] = t->days[0];
    }
    t->days[0] = d;
    return d;
}

void tls_tally_add(struct tls_tally *t, int64_t now_ms, struct str domain, const struct tls_policy *p, struct str mx,
                   enum tls_result result)
{
    struct day *d = today(t, now_ms);
    if (d && !count(d, domain, p, mx, result))
        d->out.lost++;
}

struct tls_day *tls_tally_take(struct tls_tally *t, int64_t until_ms)
{
    for (size_t i = DAYS; i-- > 0;) {
        struct day *d = t->days[i];
        if (!d || d->out.start_ms + DAY_MS > until_ms)
            continue;
        t->days[i] = NULL;
        return &d->out;
    }
    return NULL;
}

bool tls_tally_empty(const struct tls_tally *t) { return !t->days[0] && !t->days[1]; }
