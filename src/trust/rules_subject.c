/* Subjects that shout, pretend, or are meant to get past a filter. */
#include "base/text.h"
#include "trust/rules_part.h"

enum { CAPITALS_MIN = 10, GAP = 6, NAME_MIN = 4 };

bool rule_subject_missing(const struct facts *f) { return f->c->subject.n == 0; }

/* Latin, Greek and Cyrillic; other scripts have one case. */
static bool is_capital(uint32_t cp)
{
    return (cp >= 'A' && cp <= 'Z') || (cp >= 0xc0 && cp <= 0xde && cp != 0xd7) || (cp >= 0x391 && cp <= 0x3a9) ||
           (cp >= 0x400 && cp <= 0x42f);
}
static bool is_small(uint32_t cp)
{
    return (cp >= 'a' && cp <= 'z') || (cp >= 0xdf && cp <= 0xff && cp != 0xf7) || (cp >= 0x3b1 && cp <= 0x3c9) ||
           (cp >= 0x430 && cp <= 0x45f);
}

bool rule_subject_capitals(const struct facts *f)
{
    size_t capitals = 0, used;
    uint32_t cp;
    for (struct str s = f->c->subject; (used = utf8_next(s, &cp)) > 0; s = str_from(s, used)) {
        if (is_small(cp))
            return false;
        capitals += is_capital(cp);
    }
    return capitals >= CAPITALS_MIN;
}

bool rule_subject_shouts(const struct facts *f)
{
    static const struct str marks[] = { STR("!!"), STR("$$"), STR("??"), STR("***"), STR("!?"), STR("?!") };
    for (size_t i = 0; i < COUNT(marks); i++)
        if (str_find(f->c->subject, marks[i]) != STR_NONE)
            return true;
    return false;
}

/* "Great offer        xkqzw": the tail makes each one different. */
bool rule_subject_gap(const struct facts *f)
{
    size_t run = 0;
    for (size_t i = 0; i < f->c->subject.n; i++) {
        run = f->c->subject.p[i] == ' ' ? run + 1 : 0;
        if (run >= GAP)
            return true;
    }
    return false;
}

/* The name of the box in the subject, where whoever knows the reader would use the reader's own. A list's subjects name
 * the list. */
bool rule_subject_names_box(const struct facts *f)
{
    if (f->list)
        return false;
    struct str to = str_trim(f->field[FIELD_TO]);
    size_t open = str_rchr(to, '<');
    struct str local = str_sub(to, open == STR_NONE ? 0 : open + 1, SIZE_MAX);
    local = str_sub(local, 0, MIN(str_chr(local, '@'), local.n));
    size_t at = local.n >= NAME_MIN && local.n <= LIMIT_LOCAL ? str_find_nocase(f->c->subject, local) : STR_NONE;
    return at != STR_NONE;
}
