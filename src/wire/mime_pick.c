/* RFC 8621 section 4.1.4 without its recursion: the parts come in order, a frame stands for each multipart that is
 * open, and a frame is closed when a part comes that is not within it. Two things differ: what is no text is a file
 * even where the RFC would show it between texts, and of alternatives that only some programs read (AMP, watch) nothing
 * is shown. */
#include "wire/mime_part.h"

struct frame {
    uint32_t part;
    uint32_t text_had, html_had; /* entries when it began */
    bool in_alternative;         /* this or one around it */
    bool text, html;             /* still gathering for that view */
};
struct picker {
    struct arena *a;
    const struct mime_tree *t;
    struct str msg;
    struct mime_pick out;
    struct frame frames[LIMIT_MIME_DEPTH + 2];
    size_t n;
    bool full;
};

static bool is_alternative(const struct mime_tree *t, uint32_t part)
{
    return mime_is(&t->v[part], S("multipart"), S("alternative"));
}

static bool is_media(const struct mime_part *p)
{
    return str_eq(p->type, S("image")) || str_eq(p->type, S("audio")) || str_eq(p->type, S("video"));
}

static void add(uint32_t *list, uint32_t *n, uint32_t part) { list[(*n)++] = part; }

static void frame_push(struct picker *k, uint32_t part)
{
    const struct frame *outer = k->n > 0 ? &k->frames[k->n - 1] : NULL;
    k->frames[k->n++] =
        (struct frame){ .part = part,
                        .text_had = k->out.text_n,
                        .html_had = k->out.html_n,
                        .in_alternative = (outer != NULL && outer->in_alternative) || is_alternative(k->t, part),
                        .text = outer == NULL || outer->text,
                        .html = outer == NULL || outer->html };
}

/* An alternative that has the one kind only serves both views. */
static void frame_pop(struct picker *k)
{
    struct frame f = k->frames[--k->n];
    if (!is_alternative(k->t, f.part) || !f.text || !f.html)
        return;
    uint32_t text_end = k->out.text_n, html_end = k->out.html_n;
    if (text_end == f.text_had)
        for (uint32_t i = f.html_had; i < html_end; i++)
            add(k->out.text, &k->out.text_n, k->out.html[i]);
    else if (html_end == f.html_had)
        for (uint32_t i = f.text_had; i < text_end; i++)
            add(k->out.html, &k->out.html_n, k->out.text[i]);
}

static struct str extension_of(const struct mime_part *p)
{
    static const struct {
        struct str type, subtype, extension;
    } rows[] = {
        { STR("text"), STR("plain"), STR("txt") },
        { STR("text"), STR("html"), STR("html") },
        { STR("text"), STR("calendar"), STR("ics") },
        { STR("text"), STR("csv"), STR("csv") },
        { STR("text"), STR("vcard"), STR("vcf") },
        { STR("text"), STR(""), STR("txt") },
        { STR("image"), STR("jpeg"), STR("jpg") },
        { STR("image"), STR("png"), STR("png") },
        { STR("image"), STR("gif"), STR("gif") },
        { STR("image"), STR("webp"), STR("webp") },
        { STR("image"), STR("svg+xml"), STR("svg") },
        { STR("application"), STR("pdf"), STR("pdf") },
        { STR("application"), STR("zip"), STR("zip") },
        { STR("application"), STR("json"), STR("json") },
        { STR("message"), STR("rfc822"), STR("eml") },
        { STR("message"), STR("global"), STR("eml") },
        { STR("message"), STR(""), STR("txt") },
        { STR("application"), STR("pgp-signature"), STR("asc") },
        { STR("application"), STR("pkcs7-signature"), STR("p7s") },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (mime_is(p, rows[i].type, rows[i].subtype))
            return rows[i].extension;
    return S("bin");
}

static struct str file_name(struct picker *k, uint32_t i)
{
    const struct mime_part *p = &k->t->v[i];
    if (p->filename.n > 0)
        return p->filename;
    struct str extension = extension_of(p);
    if (p->flags & MIME_MESSAGE) {
        struct str subject = header_get(k->a, mime_head(&k->t->v[i + 1], k->msg), S("Subject"));
        struct str stem = mime_safe_name(k->a, str_sub(subject, 0, 120));
        if (stem.n > 0)
            return arena_printf(k->a, "%.*s.eml", STR_FMT(stem));
    }
    return arena_printf(k->a, "part-%u.%.*s", i, STR_FMT(extension));
}

static void add_file(struct picker *k, uint32_t i)
{
    const struct mime_part *p = &k->t->v[i];
    bool related = p->parent != MIME_NONE && mime_is(&k->t->v[p->parent], S("multipart"), S("related"));
    bool attached = p->disp == MIME_DISP_ATTACHMENT, named = p->content_id.n > 0;
    struct mime_file f = { .part = i,
                           .inlined = related ? !attached || named : named && !attached && is_media(p),
                           .name = file_name(k, i) };
    k->full |= f.name.n == 0;
    k->out.files[k->out.files_n++] = f;
}

/* RFC 8621's isInline, for what is text. */
static bool is_body(const struct picker *k, uint32_t i)
{
    const struct mime_part *p = &k->t->v[i];
    if (p->disp == MIME_DISP_ATTACHMENT || (!mime_is(p, S("text"), S("plain")) && !mime_is(p, S("text"), S("html"))))
        return false;
    if (p->parent == MIME_NONE || i == p->parent + 1)
        return true;
    return !mime_is(&k->t->v[p->parent], S("multipart"), S("related")) && p->filename.n == 0;
}

static void leaf(struct picker *k, uint32_t i)
{
    const struct mime_part *p = &k->t->v[i];
    struct frame *f = &k->frames[k->n - 1];
    bool choice = p->parent != MIME_NONE && is_alternative(k->t, p->parent);
    bool html = mime_is(p, S("text"), S("html"));
    if (!is_body(k, i)) {
        bool odd_text = choice && p->disp != MIME_DISP_ATTACHMENT && p->filename.n == 0 && str_eq(p->type, S("text"));
        if (!odd_text || mime_is(p, S("text"), S("calendar")))
            add_file(k, i);
        return;
    }
    if (!choice && f->in_alternative) { /* within one alternative: it serves that view only */
        f->html &= html;
        f->text &= !html;
    }
    if (choice ? !html : f->text)
        add(k->out.text, &k->out.text_n, i);
    if (choice ? html : f->html)
        add(k->out.html, &k->out.html_n, i);
    if (!choice && !f->text && !f->html)
        add_file(k, i); /* never lost */
}

static uint32_t after_subtree(const struct mime_tree *t, uint32_t i)
{
    uint32_t depth = t->v[i].depth;
    for (i++; i < t->n && t->v[i].depth > depth; i++)
        ;
    return i;
}

static void walk(struct picker *k)
{
    const struct mime_tree *t = k->t;
    frame_push(k, 0); /* stays to the end: what is no multipart has a frame too */
    for (uint32_t i = 0; i < t->n;) {
        const struct mime_part *p = &t->v[i];
        while (k->n > 1 && k->frames[k->n - 1].part != p->parent)
            frame_pop(k);
        if (p->flags & MIME_MULTIPART) {
            frame_push(k, i++);
            continue;
        }
        if (p->flags & MIME_MESSAGE)
            add_file(k, i);
        else
            leaf(k, i);
        i = after_subtree(t, i);
    }
    while (k->n > 1)
        frame_pop(k);
}

enum err mime_pick(struct arena *a, const struct mime_tree *t, struct str msg, struct mime_pick *out)
{
    struct picker k = { .a = a, .t = t, .msg = msg };
    /* an alternative may add what it has a second time, once: twice the parts is enough */
    k.out.text = arena_array(a, 2 * (size_t)t->n, sizeof *k.out.text);
    k.out.html = arena_array(a, 2 * (size_t)t->n, sizeof *k.out.html);
    k.out.files = arena_array(a, t->n, sizeof *k.out.files);
    if (k.out.text == NULL || k.out.html == NULL || k.out.files == NULL)
        return ERR_FULL;
    walk(&k);
    if (k.full)
        return ERR_FULL;
    *out = k.out;
    return OK;
}
