/* Prints what wire/mime makes of each message named on the command line, one line of JSON a message, for
 * tests/corpus/mime.py. Each tree also goes through pack and unpack, and must come back the same. */
#include "base/crypto.h"
#include "base/text.h"
#include "wire/addr.h"
#include "wire/date.h"
#include "wire/mime.h"
#include <stdio.h>
#include <stdlib.h>

static bool slurp(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    char piece[65536];
    for (size_t n; f != NULL && (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_put(out, (struct str){ piece, n });
    if (f != NULL)
        fclose(f);
    return f != NULL && !out->failed;
}

static void key(struct buf *out, const char *name)
{
    if (out->n > 0 && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[')
        buf_putc(out, ',');
    text_json(out, str_c(name));
    buf_putc(out, ':');
}

static void put_str(struct buf *out, const char *name, struct str v)
{
    key(out, name);
    text_json(out, v);
}

static void put_num(struct buf *out, const char *name, int64_t v)
{
    key(out, name);
    buf_printf(out, "%lld", (long long)v);
}

static void put_defects(struct buf *out, uint64_t defects)
{
    key(out, "defects");
    buf_putc(out, '[');
    for (int d = 0; d < MIME_DEFECT_COUNT; d++)
        if (defects >> d & 1) {
            buf_puts(out, out->p[out->n - 1] == '[' ? "" : ",");
            text_json(out, str_c(mime_defect_name((enum mime_defect)d)));
        }
    buf_putc(out, ']');
}

static void put_body(struct buf *out, const struct mime_part *p, struct str msg)
{
    AUTO_BUF struct buf octets = { .max = 64 << 20 }, text = { .max = 64 << 20 };
    uint64_t defects = p->defects | mime_decode(p, mime_body(p, msg), &octets);
    uint8_t sum[32];
    char hex[64];
    crypto_sha256(sum, buf_str(&octets));
    put_num(out, "size", (int64_t)octets.n);
    put_str(out, "sha256", str_of(hex, text_hex(hex, str_of(sum, sizeof sum))));
    if (mime_is(p, S("text"), S(""))) {
        defects |= mime_text(p, mime_body(p, msg), &text);
        put_str(out, "text", buf_str(&text));
    }
    put_defects(out, defects);
}

static void put_part(struct buf *out, const struct mime_tree *t, uint32_t i, struct str msg)
{
    const struct mime_part *p = &t->v[i];
    buf_putc(out, '{');
    put_num(out, "parent", p->parent == MIME_NONE ? -1 : (int64_t)p->parent);
    put_num(out, "depth", p->depth);
    put_num(out, "head", p->head);
    put_num(out, "body", p->body);
    put_num(out, "end", p->end);
    put_num(out, "lines", p->lines);
    put_num(out, "leaf", mime_is_leaf(p));
    put_num(out, "opaque", (p->flags & MIME_OPAQUE) != 0);
    put_num(out, "disp", p->disp);
    put_str(out, "type", p->type);
    put_str(out, "subtype", p->subtype);
    put_str(out, "charset", p->charset);
    put_str(out, "filename", p->filename);
    put_str(out, "encoding", p->encoding);
    put_str(out, "content_id", p->content_id);
    put_body(out, p, msg);
    buf_putc(out, '}');
}

static void put_list(struct buf *out, const char *name, const uint32_t *v, uint32_t n)
{
    key(out, name);
    buf_putc(out, '[');
    for (uint32_t i = 0; i < n; i++)
        buf_printf(out, "%s%u", i > 0 ? "," : "", v[i]);
    buf_putc(out, ']');
}

static void put_pick(struct buf *out, struct arena *a, const struct mime_tree *t, struct str msg)
{
    struct mime_pick pick;
    if (mime_pick(a, t, msg, &pick) != OK)
        return;
    put_list(out, "text", pick.text, pick.text_n);
    put_list(out, "html", pick.html, pick.html_n);
    key(out, "files");
    buf_putc(out, '[');
    for (uint32_t i = 0; i < pick.files_n; i++) {
        buf_puts(out, i > 0 ? ",{" : "{");
        put_num(out, "part", pick.files[i].part);
        put_num(out, "inline", pick.files[i].inlined);
        put_str(out, "name", pick.files[i].name);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static bool same_after_pack(const struct mime_tree *t)
{
    AUTO_BUF struct buf once = { .max = 16 << 20 }, twice = { .max = 16 << 20 };
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree back;
    mime_tree_pack(t, &once);
    if (once.failed || mime_tree_unpack(buf_str(&once), &a, &back) != OK)
        return false;
    mime_tree_pack(&back, &twice);
    bool same = str_eq(buf_str(&once), buf_str(&twice)) && back.defects == t->defects;
    for (uint32_t i = 0; same && i < t->n; i++)
        same = back.v[i].next == t->v[i].next && back.v[i].depth == t->v[i].depth;
    return same;
}

static void put_header(struct buf *out, struct arena *a, struct str head)
{
    static const char *const names[] = { "Subject", "From", "To", "Message-ID" };
    for (size_t i = 0; i < COUNT(names); i++)
        put_str(out, names[i], header_get(a, head, str_c(names[i])));
}

static void put_addresses(struct buf *out, struct arena *a, struct str head, const char *name)
{
    struct addr_list l;
    key(out, name);
    buf_putc(out, '[');
    struct str raw = header_find(head, str_c(name[0] == 'f' ? "From" : "To"));
    if (addr_list_parse(a, raw, &l) == OK)
        for (size_t i = 0; i < l.n; i++) {
            if (l.v[i].kind != ADDR_MAILBOX)
                continue;
            buf_puts(out, out->p[out->n - 1] == '[' ? "[" : ",[");
            text_json(out, l.v[i].name);
            buf_putc(out, ',');
            text_json(out, l.v[i].text);
            buf_putc(out, ']');
        }
    buf_putc(out, ']');
}

static void put_message(struct buf *out, struct str msg)
{
    AUTO_ARENA struct arena a = { .max = 8 * (size_t)LIMIT_MIME_ARENA };
    struct mime_tree t;
    enum err e = mime_parse(&a, msg, &t);
    put_str(out, "result", str_c(err_name(e)));
    if (e != OK)
        return;
    put_num(out, "pack_same", same_after_pack(&t));
    struct str head = mime_head(&t.v[0], msg);
    put_header(out, &a, head);
    put_addresses(out, &a, head, "from_list");
    put_addresses(out, &a, head, "to_list");
    struct date date;
    if (date_parse(header_find(head, S("Date")), &date) == OK)
        put_num(out, "date_ms", date.ms);
    put_pick(out, &a, &t, msg);
    key(out, "parts");
    buf_putc(out, '[');
    for (uint32_t i = 0; i < t.n; i++) {
        buf_puts(out, i > 0 ? "," : "");
        put_part(out, &t, i, msg);
    }
    buf_putc(out, ']');
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        AUTO_BUF struct buf msg = { .max = 64 << 20 }, out = { .max = 512 << 20 };
        if (!slurp(argv[i], &msg))
            return 1;
        buf_putc(&out, '{');
        put_str(&out, "path", str_c(argv[i]));
        put_message(&out, buf_str(&msg));
        buf_puts(&out, "}\n");
        fwrite(out.p, 1, out.n, stdout);
        fflush(stdout);
    }
    return 0;
}
