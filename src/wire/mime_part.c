/* The fields of a part's header that MIME gives a meaning. A field that comes twice counts once, the first time, and is
 * noted: readers that take the last one see another message. */
#include "wire/mime_part.h"
#include "base/text.h"
#include "wire/charset.h"
#include "wire/deceptive.h"

enum { LIMIT_PLAIN_FIELD = 1000 }; /* description, language, location, md5, content-id */

static void add_defect(struct mime_part *p, enum mime_defect d) { p->defects |= UINT64_C(1) << d; }

void mime_part_opaque(struct mime_part *p, struct str type, struct str subtype)
{
    p->type = type;
    p->subtype = subtype;
    p->flags = MIME_OPAQUE;
}

enum {
    F_TYPE,
    F_CTE,
    F_DISP,
    F_ID,
    F_DESCRIPTION,
    F_LANGUAGE,
    F_LOCATION,
    F_MD5,
    F_FROM,
    F_SENDER,
    F_REPLY_TO,
    F_TO,
    F_CC,
    F_SUBJECT,
    F_DATE,
    F_MESSAGE_ID,
    F_COUNT
};
static const struct {
    struct str name;
    enum mime_defect dup; /* MIME_DEFECT_COUNT: twice is no harm */
} fields[F_COUNT] = {
    [F_TYPE] = { STR("Content-Type"), MIME_DEFECT_DUP_CONTENT_TYPE },
    [F_CTE] = { STR("Content-Transfer-Encoding"), MIME_DEFECT_DUP_CTE },
    [F_DISP] = { STR("Content-Disposition"), MIME_DEFECT_DUP_DISPOSITION },
    [F_ID] = { STR("Content-ID"), MIME_DEFECT_COUNT },
    [F_DESCRIPTION] = { STR("Content-Description"), MIME_DEFECT_COUNT },
    [F_LANGUAGE] = { STR("Content-Language"), MIME_DEFECT_COUNT },
    [F_LOCATION] = { STR("Content-Location"), MIME_DEFECT_COUNT },
    [F_MD5] = { STR("Content-MD5"), MIME_DEFECT_COUNT },
    [F_FROM] = { STR("From"), MIME_DEFECT_DUP_FROM }, /* from here on: of a message, not of its parts */
    [F_SENDER] = { STR("Sender"), MIME_DEFECT_DUP_FIELD },
    [F_REPLY_TO] = { STR("Reply-To"), MIME_DEFECT_DUP_FIELD },
    [F_TO] = { STR("To"), MIME_DEFECT_DUP_FIELD },
    [F_CC] = { STR("Cc"), MIME_DEFECT_DUP_FIELD },
    [F_SUBJECT] = { STR("Subject"), MIME_DEFECT_DUP_FIELD },
    [F_DATE] = { STR("Date"), MIME_DEFECT_DUP_FIELD },
    [F_MESSAGE_ID] = { STR("Message-ID"), MIME_DEFECT_DUP_FIELD },
};

static void collect(struct str head, struct mime_part *p, struct str raw[F_COUNT])
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f))
        for (size_t i = 0; i < F_COUNT; i++) {
            if (!str_eq_nocase(f.name, fields[i].name))
                continue;
            if (raw[i].p == NULL)
                raw[i] = f.raw;
            else if ((i < F_FROM || p->parent == MIME_NONE) && fields[i].dup != MIME_DEFECT_COUNT)
                add_defect(p, fields[i].dup);
        }
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 32 || s.p[i] >= 127 || str_chr(S("()<>@,;:\\\"/[]?="), s.p[i]) != STR_NONE)
            return false;
    return s.n > 0;
}

/* RFC 2045 section 5.2, and RFC 2046 section 5.1.5 for digests. */
static void set_type(struct mime_part *p, const struct mime_part *parent, bool present)
{
    struct str subtype, type = str_cut(p->ct.value, '/', &subtype);
    bool digest = parent != NULL && mime_is(parent, S("multipart"), S("digest"));
    bool good = is_token(type) && is_token(subtype);
    if (present && !good)
        add_defect(p, MIME_DEFECT_BAD_CONTENT_TYPE);
    p->type = good ? type : digest && !present ? S("message") : S("text");
    p->subtype = good ? subtype : digest && !present ? S("rfc822") : S("plain");
}

static void set_boundary(struct mime_part *p)
{
    struct str b = { NULL, 0 };
    for (uint32_t i = 0; i < p->ct.n && b.p == NULL; i++)
        if (str_eq(p->ct.v[i].name, S("boundary")))
            b = p->ct.v[i].raw;
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
        b.n--; /* RFC 2046 section 5.1.1: it doesn't end with a blank */
    if (b.n == 0 || b.n > LIMIT_MIME_BOUNDARY) {
        add_defect(p, b.n == 0 ? MIME_DEFECT_NO_BOUNDARY : MIME_DEFECT_BOUNDARY_LONG);
        mime_part_opaque(p, S("text"), S("plain"));
        return;
    }
    p->boundary = b;
    p->flags |= MIME_MULTIPART;
}

/* RFC 2045 section 6.4 allows a multipart or message only 7bit, 8bit and binary. Of a multipart the label is ignored,
 * as everybody does; an encoded message is a file. */
static void set_kind(struct mime_part *p)
{
    bool encoded = p->cte == CTE_BASE64 || p->cte == CTE_QP || p->cte == CTE_UU;
    bool multipart = str_eq(p->type, S("multipart"));
    bool message = mime_is(p, S("message"), S("rfc822")) || mime_is(p, S("message"), S("global"));
    if (encoded && (multipart || message))
        add_defect(p, MIME_DEFECT_ODD_CTE);
    if (multipart) {
        p->cte = encoded ? CTE_7BIT : p->cte;
        set_boundary(p);
    } else if (message) {
        p->flags |= encoded ? MIME_OPAQUE : MIME_MESSAGE;
    }
}

static struct str plain(struct arena *a, struct str raw)
{
    if (raw.n == 0)
        return (struct str){ NULL, 0 };
    struct str s = header_unfold(a, str_sub(raw, 0, LIMIT_PLAIN_FIELD));
    AUTO_BUF struct buf clean = { .max = 3 * LIMIT_PLAIN_FIELD };
    charset_to_utf8(&clean, S(""), s);
    for (size_t i = 0; i < clean.n; i++)
        if ((unsigned char)clean.p[i] < 32 || clean.p[i] == 127)
            clean.p[i] = ' ';
    return clean.n > 0 ? arena_dup(a, buf_str(&clean)) : (struct str){ NULL, 0 };
}

static void set_plain(struct arena *a, struct mime_part *p, const struct str raw[F_COUNT])
{
    struct str rest, id = header_msgid(raw[F_ID], &rest);
    p->content_id = plain(a, id.n > 0 ? id : str_trim(raw[F_ID]));
    p->description = plain(a, raw[F_DESCRIPTION]);
    p->language = plain(a, raw[F_LANGUAGE]);
    p->location = plain(a, raw[F_LOCATION]);
    p->md5 = plain(a, raw[F_MD5]);
}

static enum err set_params(struct arena *a, struct mime_part *p, struct str raw, struct params *out)
{
    if (raw.p == NULL)
        return OK;
    enum err e = params_parse(a, raw, out);
    if (e != OK)
        return e;
    if (out->dup)
        add_defect(p, MIME_DEFECT_DUP_PARAM);
    if (out->broken)
        add_defect(p, MIME_DEFECT_BAD_PARAM);
    return OK;
}

/* RFC 2183 section 2.8: a disposition that is not known is an attachment. */
static void set_disposition(struct arena *a, struct mime_part *p)
{
    if (p->cd.value.n > 0)
        p->disp = str_eq(p->cd.value, S("inline")) ? MIME_DISP_INLINE : MIME_DISP_ATTACHMENT;
    struct str name = params_get(&p->cd, S("filename"));
    p->filename = mime_safe_name(a, name.n > 0 ? name : params_get(&p->ct, S("name")));
}

static enum err set_encoding(struct arena *a, struct mime_part *p, struct str raw)
{
    struct params encoding = { 0 };
    if (raw.p != NULL && params_parse(a, raw, &encoding) != OK)
        return ERR_FULL;
    p->encoding = encoding.value;
    p->cte = cte_of(encoding.value);
    if (p->cte == CTE_UNKNOWN)
        add_defect(p, MIME_DEFECT_UNKNOWN_CTE);
    return OK;
}

enum err mime_part_fields(struct arena *a, size_t meta_max, const struct mime_part *parent, struct str head,
                          struct mime_part *p)
{
    struct str raw[F_COUNT] = { 0 };
    collect(head, p, raw);
    if (!utf8_valid(head))
        add_defect(p, MIME_DEFECT_8BIT_HEADER);
    if (a->used > meta_max) {
        add_defect(p, MIME_DEFECT_HEADER_FULL);
        mime_part_opaque(p, S("application"), S("octet-stream"));
        return OK;
    }
    enum err e = set_params(a, p, raw[F_TYPE], &p->ct);
    if (e == OK)
        e = set_params(a, p, raw[F_DISP], &p->cd);
    if (e == OK)
        e = set_encoding(a, p, raw[F_CTE]);
    if (e != OK)
        return e;
    set_type(p, parent, raw[F_TYPE].p != NULL);
    set_disposition(a, p);
    set_plain(a, p, raw);
    p->charset = params_get(&p->ct, S("charset"));
    if (str_eq(p->type, S("text")) && p->charset.n > 0 && !charset_known(p->charset))
        add_defect(p, MIME_DEFECT_UNKNOWN_CHARSET);
    set_kind(p);
    return OK;
}
