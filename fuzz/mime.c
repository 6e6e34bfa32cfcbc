/* A whole message: tree, text, choice of parts, pack and unpack; and the same octets as a packed tree. */
#include "wire/mime.h"
#include "base/text.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_text(struct str s)
{
    must(utf8_valid(s));
    for (size_t i = 0; i < s.n; i++)
        must((unsigned char)s.p[i] >= 32 && s.p[i] != 127);
}

static void check_part(const struct mime_tree *t, uint32_t i, struct str msg)
{
    const struct mime_part *p = &t->v[i];
    must(p->head <= p->body && p->body <= p->end && p->end <= msg.n && p->depth <= LIMIT_MIME_DEPTH);
    must(i == 0 ? p->parent == MIME_NONE : p->parent < i);
    if (i > 0)
        must(p->head >= t->v[p->parent].body && p->end <= t->v[p->parent].end);
    must(p->next == MIME_NONE || (p->next > i && t->v[p->next].parent == p->parent));
    must(mime_is_leaf(p) == (mime_child(t, i) == MIME_NONE));
    check_text(p->type);
    check_text(p->filename);
    check_text(p->content_id);
    check_text(p->charset);
    AUTO_BUF struct buf text = { .max = 1 << 20 };
    mime_text(p, mime_body(p, msg), &text);
    must(utf8_valid(buf_str(&text)));
}

/* Decoding in two pieces is decoding in one. */
static void check_split(const struct mime_part *p, struct str body)
{
    AUTO_BUF struct buf one = { .max = 1 << 20 }, two = { .max = 1 << 20 };
    struct cte_decoder d;
    bool good = cte_decode_all(p->cte, body, &one);
    cte_init(&d, p->cte);
    cte_decode(&d, str_sub(body, 0, body.n / 2), &two, false);
    cte_decode(&d, str_from(body, body.n / 2), &two, true);
    must(str_eq(buf_str(&one), buf_str(&two)) && good == !d.broken);
}

static void check_pack(const struct mime_tree *t)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    AUTO_BUF struct buf once = { .max = 16 << 20 }, twice = { .max = 16 << 20 };
    struct mime_tree back;
    mime_tree_pack(t, &once);
    must(mime_tree_unpack(buf_str(&once), &a, &back) == OK);
    mime_tree_pack(&back, &twice);
    must(str_eq(buf_str(&once), buf_str(&twice)) && back.defects == t->defects);
}

static void check_pick(struct arena *a, const struct mime_tree *t, struct str msg)
{
    struct mime_pick k;
    must(mime_pick(a, t, msg, &k) == OK);
    for (uint32_t i = 0; i < k.text_n; i++)
        must(k.text[i] < t->n && mime_is_leaf(&t->v[k.text[i]]));
    for (uint32_t i = 0; i < k.files_n; i++) {
        must(k.files[i].part < t->n && k.files[i].name.n > 0);
        check_text(k.files[i].name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = 4 * LIMIT_MIME_ARENA };
    struct str msg = str_of(data, n);
    struct mime_tree t;
    if (mime_parse(&a, msg, &t) == OK) {
        for (uint32_t i = 0; i < t.n; i++) {
            check_part(&t, i, msg);
            if (mime_is_leaf(&t.v[i]))
                check_split(&t.v[i], mime_body(&t.v[i], msg));
        }
        check_pick(&a, &t, msg);
        check_pack(&t);
        (void)mime_section(&t, S("1.2.1"));
    }
    AUTO_ARENA struct arena b = { .max = 4 * LIMIT_MIME_ARENA };
    if (mime_tree_unpack(msg, &b, &t) == OK) {
        struct mime_pick k;
        (void)mime_pick(&b, &t, S(""), &k);
        check_pack(&t);
    }
    return 0;
}
