/* From octets to sealed copies: the part of a delivery that costs time and needs no store. */
#include "base/clock.h"
#include "base/secret.h"
#include "core/deliver_req.h"
#include "trust/rules.h"
#include "wire/date.h"
#include "wire/domain.h"
#include <string.h>

/* What is not the sender's header must not become part of ours: a fold at the top would go on with our Received. As
 * Postfix does: an empty line before what is no field, a name for mbox's "From ". */
static void part_from(struct str data, struct buf *out)
{
    switch (header_start(data)) {
    case HEADER_STARTS:
        break;
    case HEADER_MBOX_LINE:
        buf_puts(out, "X-Mailbox-Line: ");
        break;
    case HEADER_MISSING:
        buf_puts(out, "\r\n");
        break;
    }
}

void deliver_trace(struct deliver_req *r, const struct deliver_mail *m, struct str found, struct buf *out)
{
    buf_put(out, found);
    /* RFC 5321 section 4.4, without the client's address: a deviation that DESIGN P5 asks for. An address literal as
     * HELO would be one, so it is left out. */
    struct str helo = domain_is_name(m->helo) ? m->helo : S("unknown");
    buf_puts(out, "Return-Path: <");
    buf_put(out, m->mail_from);
    buf_puts(out, ">\r\nReceived: from ");
    buf_put(out, helo);
    buf_puts(out, "\r\n\tby ");
    buf_put(out, r->d->o.hostname);
    buf_puts(out, " with ");
    buf_puts(out, m->protocol == NULL ? "ESMTP" : m->protocol);
    if (m->tls_version != NULL)
        buf_printf(out, "\r\n\t(%s %s)", m->tls_version, m->tls_cipher == NULL ? "" : m->tls_cipher);
    buf_puts(out, ";\r\n\t");
    date_put(out, r->now_ms, 0);
    buf_puts(out, "\r\n");
    part_from(buf_str(&m->data), out);
}

/* The recipient that a box's copy is for: the first of its names. */
static struct str recipient(const struct deliver_mail *m, const struct box_id *box)
{
    for (size_t i = 0; i < m->rcpts_n; i++)
        if (memcmp(&m->rcpts[i].box, box, BOX_ID_N) == 0)
            return m->rcpts[i].address;
    return (struct str){ 0 };
}

/* The same sender, recipient, Message-ID and content within STORE_RETRY_MS is a retry after a lost 250; to another name
 * of the box (+tag) it is another mail. Without a Message-ID nothing says that two equal mails are one. */
void deliver_dedupe(struct deliver_req *r, const struct deliver_mail *m)
{
    struct str rest, id = header_msgid(header_find(buf_str(&m->data), S("Message-ID")), &rest);
    uint8_t key[KEY_N], tag[TAG_N];
    if (id.n == 0)
        return;
    store_hash(r->d->o.store, S("content"), S(""), key);
    crypto_tag(tag, key, buf_str(&m->data));
    for (size_t i = 0; i < r->n; i++) {
        uint8_t whole[HASH_N];
        CRYPTO_HASH(whole, S(""), S("content"), m->mail_from, recipient(m, &r->copies[i].box), id, str_of(tag, TAG_N));
        store_hash(r->d->o.store, S("dedupe"), str_of(whole, HASH_N), r->copies[i].dedupe);
    }
    secret_wipe(key, sizeof key);
}

static enum err seal_copies(struct deliver_req *r, const struct pack *p)
{
    enum err e = OK;
    for (size_t i = 0; i < r->n && e == OK; i++)
        if (r->copies[i].err == OK)
            e = sealed_make(&r->copies[i], p, buf_str(&r->json));
    return e;
}

/* May be its author's, as far as anybody was asked, and hides no program. */
static bool is_believable(const struct deliver_req *r, const struct content *c)
{
    bool believable = r->auth.n == 0 || symbols_has(&r->symbols, S("DMARC_PASS"));
    for (size_t i = 0; i < c->files_n; i++)
        believable = believable && !c->files[i].disguised;
    return believable;
}

/* Each copy goes where all that was found, and what its own reader said before of the author, sends it. A policy's Junk
 * stays: that is not about taste. The only reader is shown the reason; of several each keeps theirs to themselves. */
static void send_copies(struct deliver_req *r, const struct content *c)
{
    const struct addr_item *author = r->d->o.teacher ? addr_list_first(&c->from) : NULL;
    bool believable = is_believable(r, c);
    for (size_t i = 0; i < r->n; i++) {
        struct symbols *own = r->n == 1 ? &r->symbols : &(struct symbols){ 0 };
        if (own != &r->symbols)
            *own = r->symbols;
        if (author)
            teacher_add_said(teacher_said(r->d->o.teacher, &r->copies[i].box, author->text), believable, own);
        r->copies[i].folder = symbols_word(own) == SYMBOLS_JUNK ? FOLDER_JUNK : r->folder;
    }
}

/* What the mail says joins what was found of its sender, and the sum decides where it goes. */
static void weigh(struct deliver_req *r, const struct mime_tree *tree, const struct content *c)
{
    bool content = r->d->o.content;
    uint64_t begun_us = clock_mono_us();
    if (content) {
        rules_run(c, &r->symbols);
        if (r->d->o.teacher)
            r->err = teacher_judge(r->d->o.teacher, &r->arena, tree, c->msg, &r->symbols);
        check_cost_add(r->d->o.judge.costs, CHECK_CONTENT, begun_us);
    }
    r->junk = r->folder == FOLDER_JUNK || symbols_word(&r->symbols) == SYMBOLS_JUNK; /* whatever its reader says */
    send_copies(r, c);
    understand_put_trust(&r->json, r->auth, content || r->judged || r->symbols.n > 0 ? &r->symbols : NULL);
}

void deliver_prepare(struct deliver_req *r)
{
    struct mime_tree tree;
    struct content content;
    struct pack p = { 0 };
    r->err = understand(&r->arena, buf_str(&r->raw), &tree, &content, &r->json, &r->why);
    if (r->err == OK)
        r->err = understand_check(&tree, buf_str(&r->raw), &r->why);
    if (r->err == OK)
        weigh(r, &tree, &content);
    if (r->json.failed)
        r->err = ERR_FULL;
    if (r->err == OK)
        r->err = pack_make(&p, &r->arena, buf_str(&r->raw), &tree);
    if (r->err == OK)
        r->err = seal_copies(r, &p);
    if (r->err == ERR_FULL)
        r->err = ERR_BUSY; /* our memory, not the box's quota */
    pack_fini(&p);
}
