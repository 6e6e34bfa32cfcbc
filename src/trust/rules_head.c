/* A header as no mail program writes it. The topmost Received is our own server's, so its date is when the mail came:
 * no clock is needed. */
#include "trust/rules_part.h"
#include "wire/date.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

bool rule_date_missing(const struct facts *f) { return !facts_has(f, FIELD_DATE); }

bool rule_date_broken(const struct facts *f)
{
    struct date d;
    return facts_has(f, FIELD_DATE) && date_parse(f->field[FIELD_DATE], &d) != OK;
}

/* A hop's date stands behind the last semicolon (RFC 5321 section 4.4). */
static bool hop_date(struct str received, int64_t *ms)
{
    struct date d;
    size_t semicolon = str_rchr(received, ';');
    if (semicolon == STR_NONE || date_parse(str_from(received, semicolon + 1), &d) != OK)
        return false;
    *ms = d.ms;
    return true;
}

/* How long before it came it says that it was written; false: nobody knows. */
static bool age(const struct facts *f, int64_t *ms)
{
    struct header_iter it = header_walk(f->c->head);
    struct header_field field;
    struct date d;
    int64_t came;
    if (date_parse(f->field[FIELD_DATE], &d) != OK)
        return false;
    while (header_next(&it, &field))
        if (str_eq_nocase(field.name, S("Received"))) {
            if (!hop_date(field.raw, &came))
                return false;
            *ms = came - d.ms;
            return true;
        }
    return false;
}

bool rule_date_ahead(const struct facts *f)
{
    int64_t ms;
    return age(f, &ms) && ms < -6 * (int64_t)HOUR_MS;
}

bool rule_date_behind(const struct facts *f)
{
    int64_t ms;
    return age(f, &ms) && ms > 7 * (int64_t)DAY_MS;
}

bool rule_id_missing(const struct facts *f) { return !facts_has(f, FIELD_MESSAGE_ID); }

bool rule_id_broken(const struct facts *f)
{
    struct str rest, id = header_msgid(f->field[FIELD_MESSAGE_ID], &rest);
    size_t at = str_chr(id, '@');
    return facts_has(f, FIELD_MESSAGE_ID) && (at == STR_NONE || at == 0 || at + 1 == id.n);
}

/* Each hop puts its line on top: one below that is later was not written by a server. Clocks may be a little wrong. */
bool rule_received_odd(const struct facts *f)
{
    struct header_iter it = header_walk(f->c->head);
    struct header_field field;
    int64_t above = INT64_MAX, at;
    for (size_t n = 0; n < RULES_RECEIVED_MAX && header_next(&it, &field);) {
        if (!str_eq_nocase(field.name, S("Received")))
            continue;
        n++;
        if (!hop_date(field.raw, &at))
            return n > 1;
        if (above != INT64_MAX && at > above + 6 * (int64_t)HOUR_MS)
            return true;
        above = at;
    }
    return false;
}

bool rule_to_missing(const struct facts *f)
{
    return str_trim(f->field[FIELD_TO]).n == 0 && str_trim(f->field[FIELD_CC]).n == 0;
}

bool rule_header_broken(const struct facts *f)
{
    const struct mime_part *p = &f->c->tree->v[0];
    return MIME_HAS(p, MIME_DEFECT_8BIT_HEADER) || MIME_HAS(p, MIME_DEFECT_HEADER_JUNK) ||
           MIME_HAS(p, MIME_DEFECT_NUL) || MIME_HAS(p, MIME_DEFECT_NO_BLANK_LINE);
}
