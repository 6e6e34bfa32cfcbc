/* One walk over the header. Of a text the last field counts, as Dovecot has it; address fields that come again add to
 * the first. Every list is written as it is met, so nothing is kept but the text that is to be sent. */
#include "wire/imap_envelope.h"
#include "wire/addr.h"
#include "wire/header.h"
#include "wire/imap_write.h"

enum { FROM, SENDER, REPLY_TO, TO, CC, BCC, LISTS };
static const struct str lists[LISTS] = {
    STR("From"), STR("Sender"), STR("Reply-To"), STR("To"), STR("Cc"), STR("Bcc")
};
enum { DATE, SUBJECT, IN_REPLY_TO, MESSAGE_ID, TEXTS };
static const struct str texts[TEXTS] = { STR("Date"), STR("Subject"), STR("In-Reply-To"), STR("Message-ID") };

struct envelope {
    struct str text[TEXTS];
    struct buf list[LISTS];
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Text for people: blanks single, none at the ends. */
static void put_text(struct buf *out, struct str raw)
{
    raw = str_trim(raw);
    AUTO_BUF struct buf line = { .max = raw.n, .secret = out->secret };
    for (size_t i = 0; i < raw.n; i++)
        if (!is_blank(raw.p[i]) || !is_blank(raw.p[i + 1])) /* the last octet is no blank */
            buf_putc(&line, is_blank(raw.p[i]) ? ' ' : raw.p[i]);
    out->failed |= line.failed;
    imap_put_string(out, buf_str(&line));
}

static void put_or_nil(struct buf *out, struct str s)
{
    if (s.n > 0)
        put_text(out, s);
    else
        buf_put(out, S("NIL"));
}

/* Words without an address: somebody's name, and no mailbox. */
static bool is_lone_name(const struct addr_item *it)
{
    bool words = str_chr(it->local, ' ') != STR_NONE || str_chr(it->local, '@') != STR_NONE;
    return it->domain.n == 0 && it->raw_name.n == 0 && words;
}

/* A mailbox without a domain would read as a group's begin (RFC 9051 section 7.5.2), so what is missing has a name. */
static void put_item(struct buf *out, const struct addr_item *it)
{
    bool lone = is_lone_name(it);
    switch (it->kind) {
    case ADDR_MAILBOX:
        buf_putc(out, '(');
        put_or_nil(out, lone ? it->local : it->raw_name);
        buf_putc(out, ' ');
        put_or_nil(out, it->route);
        buf_putc(out, ' ');
        imap_put_string(out, it->local.n > 0 && !lone ? it->local : S("MISSING_MAILBOX"));
        buf_putc(out, ' ');
        imap_put_string(out, it->domain.n > 0 ? it->domain : S("MISSING_DOMAIN"));
        buf_putc(out, ')');
        break;
    case ADDR_GROUP_BEGIN:
        buf_put(out, S("(NIL NIL "));
        put_text(out, it->raw_name);
        buf_put(out, S(" NIL)"));
        break;
    case ADDR_GROUP_END:
        buf_put(out, S("(NIL NIL NIL NIL)"));
        break;
    }
}

static enum err add_list(struct buf *out, struct str raw, struct arena *scratch)
{
    struct addr_list l;
    bool in_group = false;
    if (addr_list_parse(scratch, raw, &l) != OK)
        return ERR_FULL;
    for (size_t i = 0; i < l.n; i++) {
        put_item(out, &l.v[i]);
        in_group = l.v[i].kind == ADDR_GROUP_BEGIN || (in_group && l.v[i].kind != ADDR_GROUP_END);
    }
    if (in_group) /* cut off by the limit */
        put_item(out, &(struct addr_item){ .kind = ADDR_GROUP_END });
    arena_reset(scratch);
    return OK;
}

static enum err gather(struct envelope *e, struct str head, struct arena *scratch)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f)) {
        for (size_t i = 0; i < TEXTS; i++)
            if (str_eq_nocase(f.name, texts[i]))
                e->text[i] = f.raw;
        for (size_t i = 0; i < LISTS; i++)
            if (str_eq_nocase(f.name, lists[i]) && add_list(&e->list[i], f.raw, scratch) != OK)
                return ERR_FULL;
    }
    return OK;
}

static void put_list(struct buf *out, const struct envelope *e, size_t list)
{
    if (e->list[list].n == 0 && (list == SENDER || list == REPLY_TO))
        list = FROM;
    bool any = e->list[list].n > 0;
    buf_put(out, any ? S("(") : S("NIL"));
    buf_put(out, buf_str(&e->list[list]));
    buf_put(out, any ? S(") ") : S(" "));
}

static void put_all(struct buf *out, const struct envelope *e)
{
    buf_putc(out, '(');
    imap_put_unfolded(out, e->text[DATE]);
    buf_putc(out, ' ');
    if (e->text[SUBJECT].p != NULL)
        put_text(out, e->text[SUBJECT]);
    else
        buf_put(out, S("NIL"));
    buf_putc(out, ' ');
    for (size_t i = 0; i < LISTS; i++)
        put_list(out, e, i);
    imap_put_unfolded(out, e->text[IN_REPLY_TO]);
    buf_putc(out, ' ');
    imap_put_unfolded(out, e->text[MESSAGE_ID]);
    buf_putc(out, ')');
}

enum err imap_envelope_put(struct buf *out, struct str head, struct arena *scratch)
{
    struct envelope e = { 0 };
    for (size_t i = 0; i < LISTS; i++)
        e.list[i] = (struct buf){ .max = out->max, .secret = out->secret };
    enum err err = gather(&e, head, scratch);
    if (err == OK)
        put_all(out, &e);
    for (size_t i = 0; i < LISTS; i++) {
        out->failed |= e.list[i].failed;
        buf_fini(&e.list[i]);
    }
    return err != OK ? err : out->failed ? ERR_FULL : OK;
}
