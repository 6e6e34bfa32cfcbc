/* All text of an item lies behind it in one block: a hundred thousand of them are to fit into a hundred megabytes. */
#include "core/outq_item.h"
#include "base/rand.h"
#include "base/text.h"
#include "core/outq_req.h"
#include "core/outq_shared.h"
#include "wire/deceptive.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_TIME_N = 6 };

void outq_id_new(struct msg_id *id, int64_t now_ms)
{
    uint8_t when[8];
    put_be64(when, (uint64_t)now_ms);
    memcpy(id->b, when + sizeof when - ID_TIME_N, ID_TIME_N);
    rand_bytes(id->b + ID_TIME_N, sizeof id->b - ID_TIME_N);
}

static struct str keep(char **at, struct str s)
{
    char *p = *at;
    if (s.n == 0)
        return (struct str){ 0 };
    memcpy(p, s.p, s.n);
    *at += s.n;
    return str_of(p, s.n);
}

static size_t text_n(const struct outq_mail *m)
{
    size_t n = m->mail_from.n + m->envid.n;
    for (size_t i = 0; i < m->rcpts_n; i++)
        n += m->rcpts[i].address.n + m->rcpts[i].orcpt.n;
    return n;
}

struct outq_item *outq_item_new(struct outq_shared *s, const struct outq_mail *m)
{
    size_t n = sizeof(struct outq_item) + m->rcpts_n * sizeof(struct item_rcpt) + text_n(m);
    struct outq_item *it = calloc(1, n);
    if (!it)
        return NULL;
    it->shared = s;
    it->block_n = n;
    it->rcpts = (struct item_rcpt *)(it + 1);
    it->rcpts_n = (uint32_t)m->rcpts_n;
    char *at = (char *)(it->rcpts + m->rcpts_n);
    it->mail_from = keep(&at, m->mail_from);
    it->envid = keep(&at, m->envid);
    for (size_t i = 0; i < m->rcpts_n; i++)
        it->rcpts[i] = (struct item_rcpt){ .address = keep(&at, m->rcpts[i].address),
                                           .orcpt = keep(&at, m->rcpts[i].orcpt),
                                           .notify = (uint8_t)m->rcpts[i].notify };
    it->id = m->id;
    it->box = m->box;
    it->has_box = m->has_box;
    it->ret = (uint8_t)m->ret;
    it->flags = m->flags;
    it->sent = m->sent;
    it->not_before_ms = m->not_before_ms;
    list_init(&it->in_box);
    list_init(&it->task);
    list_init(&it->hand);
    return it;
}

static struct str moved(struct str s, ptrdiff_t by) { return s.p ? str_of(s.p + by, s.n) : s; }

struct outq_item *outq_item_rehome(struct outq_item *from)
{
    struct outq_item *it = malloc(from->block_n);
    if (!it)
        return from;
    memcpy(it, from, from->block_n);
    ptrdiff_t by = (char *)it - (char *)from;
    it->rcpts = (struct item_rcpt *)(it + 1);
    it->mail_from = moved(it->mail_from, by);
    it->envid = moved(it->envid, by);
    for (size_t i = 0; i < it->rcpts_n; i++) {
        it->rcpts[i].address = moved(it->rcpts[i].address, by);
        it->rcpts[i].orcpt = moved(it->rcpts[i].orcpt, by);
    }
    list_init(&it->in_box);
    list_init(&it->task);
    list_init(&it->hand);
    free(from);
    return it;
}

void outq_item_uncount(struct outq_item *it)
{
    if (it->counted)
        it->shared->waiting--;
    it->counted = false;
}

void outq_item_forget_data(struct outq_item *it)
{
    it->forgets = it->readers > 0;
    if (it->forgets)
        return;
    list_del(&it->hand);
    it->shared->at_hand -= it->data.cap;
    buf_fini(&it->data);
}

void outq_item_recalled(struct outq_item *it, enum err e)
{
    struct outq_req *waits = it->recall;
    it->recall = NULL;
    if (waits)
        outq_req_back(waits, e);
}

void outq_item_free(struct outq_item *it)
{
    if (!it)
        return;
    outq_item_uncount(it);
    outq_item_forget_data(it);
    outq_item_recalled(it, ERR_IO);
    outbox_free(it->met);
    for (size_t i = 0; i < it->rcpts_n; i++)
        free(it->rcpts[i].last);
    free(it->parts);
    free(it);
}

/* ---- answers ---- */

/* One line of what a stranger says: well-formed, nothing that a terminal or a header would act upon, in the order in
 * which it is written. */
static size_t clean(char *out, size_t max, struct str s)
{
    AUTO_BUF struct buf b = { .max = 4 * max };
    size_t n = 0;
    utf8_scrub(&b, str_sub(s, 0, max));
    struct str t = utf8_cut(buf_str(&b), max);
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        bool c1 = c == 0xc2 && i + 1 < t.n && (unsigned char)t.p[i + 1] < 0xa0;
        i += c1;
        out[n++] = c < ' ' || c == 0x7f || c1 ? ' ' : (char)c;
    }
    t = str_trim(str_of(out, deceptive_drop_order(out, n)));
    memmove(out, t.p, t.n);
    return t.n;
}

/* RFC 3463 section 2: class "." subject "." detail, of the class that the reply has. */
static bool enhanced_fits(const struct outq_result *res)
{
    struct str s =
        str_sub(str_of(res->enhanced, sizeof res->enhanced), 0, strnlen(res->enhanced, sizeof res->enhanced));
    struct str rest, cls = str_cut(s, '.', &rest), subject = str_cut(rest, '.', &rest);
    uint32_t a, b, c;
    bool good = str_to_u32(cls, &a) && str_to_u32(subject, &b) && str_to_u32(rest, &c) && b < 1000 && c < 1000;
    return good && (a == 2 || a == 4 || a == 5);
}

static const char *enhanced_of(const struct outq_result *res)
{
    if (enhanced_fits(res))
        return res->enhanced;
    switch (res->fate) {
    case OUTQ_FATE_SENT:
        return "2.0.0";
    case OUTQ_FATE_LATER:
        return "4.0.0";
    case OUTQ_FATE_FAILED:
        return "5.0.0";
    }
    return "4.0.0";
}

bool outq_item_answer(struct item_rcpt *r, const struct outq_result *res)
{
    char text[OUTQ_TEXT_MAX], mx[256];
    size_t text_n = clean(text, sizeof text, res->text), mx_n = clean(mx, sizeof mx, res->mx);
    struct outq_answer *a = calloc(1, sizeof *a + text_n + mx_n);
    if (!a)
        return false;
    a->code = res->code;
    a->tls = res->tls;
    a->coded = enhanced_fits(res);
    snprintf(a->enhanced, sizeof a->enhanced, "%.11s", enhanced_of(res));
    memcpy(a->bytes, text, text_n);
    memcpy(a->bytes + text_n, mx, mx_n);
    a->text = str_of(a->bytes, text_n);
    a->mx = str_of(a->bytes + text_n, mx_n);
    free(r->last);
    r->last = a;
    return true;
}

bool outq_item_open(const struct outq_item *it)
{
    for (size_t i = 0; i < it->rcpts_n; i++)
        if (it->rcpts[i].state == RCPT_WAITS)
            return true;
    return false;
}

/* ---- how it stands ---- */

static enum outq_state state_of(const struct outq_item *it, const struct item_rcpt *r)
{
    switch ((enum item_rcpt_state)r->state) {
    case RCPT_WAITS:
        return it->parts && it->parts[r->part].tries > 0 ? OUTQ_DELAYED : OUTQ_QUEUED;
    case RCPT_SENT:
        return r->late ? OUTQ_DELAYED : OUTQ_SENT;
    case RCPT_FAILED:
        return OUTQ_FAILED;
    }
    return OUTQ_QUEUED;
}

bool outq_item_out(const struct outq_item *it)
{
    for (size_t i = 0; i < it->parts_n; i++)
        if (it->parts[i].state == PART_OUT)
            return true;
    return false;
}

bool outq_item_leaving(const struct outq_item *it)
{
    for (size_t i = 0; i < it->parts_n; i++)
        if (it->parts[i].state == PART_OUT && it->parts[i].left)
            return true;
    for (size_t i = 0; i < it->rcpts_n; i++)
        if (it->rcpts[i].state == RCPT_WAITS && it->rcpts[i].in_doubt)
            return true;
    return false;
}

bool outq_item_recallable(const struct outq_item *it)
{
    if (outq_item_leaving(it))
        return false;
    for (size_t i = 0; i < it->rcpts_n; i++)
        if (it->rcpts[i].state == RCPT_SENT)
            return false;
    return !it->dropped && outq_item_open(it);
}

void outq_item_info(const struct outq_item *it, struct outq_info_rcpt *rcpts, struct outq_info *out)
{
    bool seen[4] = { false };
    *out = (struct outq_info){ .id = it->id,
                               .sent = it->sent,
                               .recallable = outq_item_recallable(it),
                               .leaving = outq_item_leaving(it),
                               .created_ms = it->created_ms,
                               .not_before_ms = it->not_before_ms,
                               .end_ms = it->end_ms,
                               .rcpts = rcpts,
                               .rcpts_n = it->rcpts_n };
    for (size_t i = 0; i < it->rcpts_n; i++) {
        const struct item_rcpt *r = &it->rcpts[i];
        rcpts[i] = (struct outq_info_rcpt){ .address = r->address, .state = state_of(it, r) };
        seen[rcpts[i].state] = true;
        if (!r->last)
            continue;
        rcpts[i].code = r->last->code;
        rcpts[i].enhanced = str_c(r->last->enhanced);
        rcpts[i].text = r->last->text;
    }
    out->state = seen[OUTQ_FAILED]    ? OUTQ_FAILED
                 : seen[OUTQ_DELAYED] ? OUTQ_DELAYED
                 : seen[OUTQ_QUEUED]  ? OUTQ_QUEUED
                                      : OUTQ_SENT;
    for (size_t i = 0; i < it->parts_n; i++) {
        const struct outq_part *p = &it->parts[i];
        int64_t next = MAX(p->due.at_ms, it->created_ms);
        if (p->state != PART_OVER && (out->next_ms == 0 || next < out->next_ms))
            out->next_ms = next;
    }
}
