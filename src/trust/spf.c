/* check_host() without recursion: an include pushes a frame, the end of a record pops it, a redirect takes its place.
 * Each push costs one of the ten look-ups, so the stack is bounded. The evaluation starts anew whenever an answer is
 * missing; what it asked for before is answered by then. */
#include "trust/spf.h"
#include "trust/spf_run.h"

enum { EXPANDED_MAX = 4096 };

void spf_fail(struct spf_run *r, enum result error, struct str why)
{
    if (r->error != RESULT_NONE)
        return;
    r->error = error;
    r->why = why;
}

/* Macros are expanded for the domain of the frame on top. */
static enum err set_domain(struct spf_run *r, struct str spec)
{
    r->m.domain = r->frame[r->depth - 1].domain;
    return spf_macro_needs_name(spec) ? spf_validate_name(r) : OK;
}

enum err spf_target(struct spf_run *r, struct str spec, struct str *out)
{
    enum err e = set_domain(r, spec);
    if (e != OK)
        return e;
    if (str_empty(spec)) {
        *out = r->m.domain;
        return OK;
    }
    AUTO_BUF struct buf name = { .max = EXPANDED_MAX };
    spf_domain_expand(&r->m, spec, &name);
    *out = arena_dup(r->as->scratch, name.n ? buf_str(&name) : S(""));
    return out->p ? OK : ERR_FULL;
}

/* Section 4.3: a name of two labels or more; no literal. */
static bool domain_usable(struct str domain)
{
    if (str_ends(domain, S(".")))
        domain.n--;
    return dns_name_valid(domain) && str_chr(domain, '.') != STR_NONE && str_chr(domain, '[') == STR_NONE &&
           str_chr(domain, ' ') == STR_NONE;
}

/* ---- records ---- */
/* The one SPF record among a domain's texts: PASS with *text; NONE, TEMPERROR or PERMERROR without. */
static enum result select_record(const struct answer *a, struct str *text)
{
    size_t found = 0;
    for (size_t i = 0; i < a->records.n; i++)
        if (spf_record_is(a->records.v[i].data)) {
            *text = a->records.v[i].data;
            found++;
        }
    return a->status == ANSWER_FAILED ? RESULT_TEMPERROR
           : found == 0               ? RESULT_NONE
           : found == 1               ? RESULT_PASS
                                      : RESULT_PERMERROR;
}

/* Puts the domain's record into *f. *found is PASS, or why there is none. */
static enum err load(struct spf_run *r, struct str domain, struct spf_frame *f, enum result *found)
{
    const struct answer *a;
    struct str text;
    enum err e = answers_get(r->as, domain, DNS_TXT, &a);
    if (e != OK)
        return e;
    *found = select_record(a, &text);
    if (*found != RESULT_PASS)
        return OK;
    f->domain = domain;
    f->at = 0;
    e = spf_record_parse(r->as->scratch, text, &f->record);
    if (e == ERR_BAD)
        *found = RESULT_PERMERROR;
    return e == ERR_FULL ? ERR_FULL : OK;
}

static void no_record(struct spf_run *r, enum result found)
{
    if (found == RESULT_TEMPERROR)
        spf_fail(r, found, S("the DNS did not answer"));
    else
        spf_fail(r, RESULT_PERMERROR,
                 found == RESULT_NONE ? S("a domain referred to has no record") : S("a record has errors"));
}

static bool may_look_up(struct spf_run *r)
{
    if (++r->lookups <= LIMIT_SPF_LOOKUPS)
        return true;
    spf_fail(r, RESULT_PERMERROR, S("too many look-ups"));
    return false;
}

static enum err push(struct spf_run *r, const struct spf_term *t)
{
    struct spf_frame f = { .include = t->result };
    struct str domain;
    enum result found;
    enum err e = spf_target(r, t->domain, &domain);
    if (e == OK)
        e = load(r, domain, &f, &found);
    if (e != OK)
        return e;
    if (found != RESULT_PASS)
        no_record(r, found);
    else
        r->frame[r->depth++] = f;
    return OK;
}

static enum err redirect(struct spf_run *r, struct spf_frame *f)
{
    struct str domain;
    enum result found;
    enum err e = spf_target(r, f->record.redirect, &domain);
    if (e == OK)
        e = load(r, domain, f, &found);
    if (e == OK && found != RESULT_PASS)
        no_record(r, found);
    return e;
}

/* ---- evaluation ---- */
static enum err match(struct spf_run *r, const struct spf_term *t, bool *hit)
{
    const struct ip *ip = &r->in->ip;
    switch (t->mech) {
    case SPF_ALL:
        *hit = true;
        return OK;
    case SPF_IP4:
        *hit = ip_within(ip, &t->net, t->bits4);
        return OK;
    case SPF_IP6:
        *hit = ip->six && ip_within(ip, &t->net, t->bits6);
        return OK;
    case SPF_INCLUDE:
        return may_look_up(r) ? push(r, t) : OK;
    case SPF_A:
        return may_look_up(r) ? spf_match_a(r, t, hit) : OK;
    case SPF_MX:
        return may_look_up(r) ? spf_match_mx(r, t, hit) : OK;
    case SPF_PTR:
        return may_look_up(r) ? spf_match_ptr(r, t, hit) : OK;
    case SPF_EXISTS:
        return may_look_up(r) ? spf_match_exists(r, t, hit) : OK;
    }
    return OK;
}

/* A frame has its result: the bottom one's is the whole one's (*done); above it only pass means anything, as a match of
 * the include (section 5.2), which then is the result of the frame below. */
static void leave(struct spf_run *r, enum result res, enum result *whole, bool *done)
{
    while (r->depth > 1 && res == RESULT_PASS)
        res = r->frame[--r->depth].include;
    *done = r->depth == 1;
    *whole = res;
    if (!*done)
        r->depth--;
}

static enum err step(struct spf_run *r, enum result *whole, bool *done)
{
    struct spf_frame *f = &r->frame[r->depth - 1];
    bool hit = false;
    if (f->at < f->record.n) {
        const struct spf_term *t = &f->record.v[f->at++];
        enum err e = match(r, t, &hit);
        if (e == OK && hit && r->error == RESULT_NONE)
            leave(r, t->result, whole, done);
        return e;
    }
    if (f->record.redirect.n > 0)
        return may_look_up(r) ? redirect(r, f) : OK;
    leave(r, RESULT_NEUTRAL, whole, done);
    return OK;
}

/* ---- explanation ---- */
/* Section 6.2: whatever is wrong with it, there is none then. */
static enum err explain(struct spf_run *r, struct str *out)
{
    struct str domain;
    const struct answer *a;
    if (str_empty(r->frame[0].record.explain))
        return OK;
    enum err e = spf_target(r, r->frame[0].record.explain, &domain);
    if (e == OK)
        e = answers_get(r->as, domain, DNS_TXT, &a);
    if (e != OK || a->records.n != 1 || !spf_macro_valid(a->records.v[0].data, SPF_IN_TEXT))
        return e;
    e = set_domain(r, a->records.v[0].data);
    AUTO_BUF struct buf text = { .max = LIMIT_SPF_EXPLAIN };
    spf_macro_expand(&r->m, a->records.v[0].data, &text);
    for (size_t i = 0; i < text.n; i++) /* macros may bring in what the sender wrote */
        if (text.p[i] < 0x20 || text.p[i] > 0x7e)
            return e;
    *out = arena_dup(r->as->scratch, text.n ? buf_str(&text) : S(""));
    return e;
}

static enum err evaluate(struct spf_run *r, struct spf_out *out)
{
    enum result whole = RESULT_NEUTRAL;
    bool done = false;
    while (!done && r->error == RESULT_NONE) {
        enum err e = step(r, &whole, &done);
        if (e != OK)
            return e;
    }
    out->result = r->error != RESULT_NONE ? r->error : whole;
    out->why = r->why;
    return out->result == RESULT_FAIL ? explain(r, &out->explain) : OK;
}

static void set_sender(struct spf_run *r, struct spf_out *out)
{
    struct str from = r->in->from;
    size_t at = str_rchr(from, '@');
    out->helo = from.n == 0;
    r->m.local = at == STR_NONE || at == 0 ? S("postmaster") : str_sub(from, 0, at);
    r->m.sender_domain = out->helo ? r->in->helo : at == STR_NONE ? from : str_from(from, at + 1);
    out->domain = r->m.sender_domain;
}

enum err spf_check(const struct spf_in *in, struct answers *as, struct spf_out *out)
{
    struct spf_run *r = arena_new(as->scratch, struct spf_run);
    struct spf_out o = { .result = RESULT_NONE };
    if (!r)
        return ERR_FULL;
    r->in = in;
    r->as = as;
    r->m = (struct spf_macros){ .ip = in->ip, .helo = in->helo, .receiver = in->receiver, .now_s = in->now_s };
    set_sender(r, &o);
    enum err e = OK;
    enum result found = RESULT_NONE;
    if (domain_usable(o.domain))
        e = load(r, o.domain, &r->frame[0], &found);
    if (e != OK)
        return e;
    r->depth = 1;
    if (found == RESULT_PASS)
        e = evaluate(r, &o);
    else
        o.result = found;
    if (e == OK)
        *out = o;
    return e;
}
