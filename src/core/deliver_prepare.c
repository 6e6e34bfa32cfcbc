/* From octets to sealed copies: the part of a delivery that costs time and needs no store. */
#include "base/clock.h"
#include "base/secret.h"
#include "core/deliver_req.h"
#include "core/received.h"
#include "trust/rules.h"
#include "wire/json.h"
#include <string.h>

enum { AUTH_MAX = 1024 };

void deliver_trace(struct deliver_req *r, const struct deliver_mail *m, struct str found, struct buf *out)
{
    const struct received trace = { .helo = m->helo,
                                    .hostname = r->d->o.hostname,
                                    .protocol = m->protocol,
                                    .tls_version = m->tls_version,
                                    .tls_cipher = m->tls_cipher,
                                    .now_ms = r->now_ms };
    buf_put(out, found);
    buf_puts(out, "Return-Path: <");
    buf_put(out, m->mail_from);
    buf_puts(out, ">\r\n");
    received_put(out, &trace);
    received_part(out, buf_str(&m->data));
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

/* What was found of its sender; of mail between boxes here nothing was asked, but who hands it in has logged in. Of
 * what this server wrote itself there is nothing to find. */
static struct str auth_of(struct deliver_req *r)
{
    if (!r->own && (r->auth.n > 0 || r->submitted.n == 0))
        return r->auth;
    AUTO_BUF struct buf b = { .max = AUTH_MAX };
    struct json_out j = json_out(&b);
    json_put_object(&j);
    json_kv_null(&j, "spf");
    json_kv_null(&j, "dkim");
    json_kv_null(&j, "dmarc");
    json_kv_null(&j, "arc");
    if (r->own) {
        json_kv_null(&j, "domain");
        json_kv_str(&j, "origin", S("server"));
    } else {
        json_kv_str(&j, "domain", r->submitted);
    }
    json_put_end(&j);
    return b.failed ? S("") : arena_dup(&r->arena, buf_str(&b));
}

/* What the mail says joins what was found of its sender, and the sum decides where it goes. */
static void weigh(struct deliver_req *r, const struct mime_tree *tree, const struct content *c)
{
    bool content = r->d->o.content && !r->own;
    uint64_t begun_us = clock_mono_us();
    if (content) {
        rules_run(c, &r->symbols);
        if (r->d->o.teacher)
            r->err = teacher_judge(r->d->o.teacher, &r->arena, tree, c->msg, &r->symbols);
        check_cost_add(r->d->o.judge.costs, CHECK_CONTENT, begun_us);
    }
    r->junk = r->folder == FOLDER_JUNK || symbols_word(&r->symbols) == SYMBOLS_JUNK; /* whatever its reader says */
    send_copies(r, c);
    understand_put_trust(&r->json, auth_of(r), content || r->judged || r->symbols.n > 0 ? &r->symbols : NULL);
}

void deliver_prepare(struct deliver_req *r)
{
    struct mime_tree tree;
    struct content content;
    struct pack p = { 0 };
    r->err = understand(&r->arena, buf_str(&r->raw), &tree, &content, &r->json, &r->why);
    r->report = r->err == OK ? content.report : NULL;
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
