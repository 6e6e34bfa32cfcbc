/* Letters of one script that stand for those of another, so that a reader sees a word and a filter does not. Looked for
 * in the subject, the author's name and the start of the text. */
#include "base/text.h"
#include "trust/rules_part.h"

enum { LOOKED_AT = 6000, MIXED_MIN = 2, SPLIT_MIN = 4, STYLED_MIN = 4 };

/* Cyrillic and Greek letters that look like Latin ones. */
static bool looks_latin(uint32_t cp)
{
    static const uint16_t twins[] = {
        0x391, 0x392, 0x395, 0x396, 0x397, 0x399, 0x39a, 0x39c, 0x39d, 0x39f, 0x3a1, 0x3a4, 0x3a5,
        0x3a7, 0x3b1, 0x3b9, 0x3bd, 0x3bf, 0x3c1, 0x3c5, 0x3c7, 0x405, 0x406, 0x408, 0x410, 0x412,
        0x415, 0x41a, 0x41c, 0x41d, 0x41e, 0x420, 0x421, 0x422, 0x423, 0x425, 0x430, 0x435, 0x43e,
        0x440, 0x441, 0x443, 0x445, 0x455, 0x456, 0x458, 0x4bb, 0x501, 0x51b, 0x51d,
    };
    for (size_t i = 0; i < COUNT(twins); i++)
        if (twins[i] == cp)
            return true;
    return false;
}

static bool is_ascii_letter(uint32_t cp) { return (cp | 32) >= 'a' && (cp | 32) <= 'z'; }

struct script_count {
    size_t mixed, split, styled;
};

/* A word has Latin letters, and others that all look like Latin ones. Zero-width characters between two letters; whole
 * alphabets meant for mathematics. */
static void count(struct str s, struct script_count *c)
{
    bool latin = false, twin = false, other = false, after_letter = false, gap = false;
    uint32_t cp = 0;
    while (s.n > 0) {
        size_t ascii = utf8_ascii(s), used;
        if (ascii > 1 && !twin && !other && !gap) { /* of plain text only the last letter matters */
            latin = after_letter = is_ascii_letter((unsigned char)s.p[ascii - 1]);
            s = str_from(s, ascii);
            continue;
        }
        used = utf8_next(s, &cp);
        s = str_from(s, used ? used : 1);
        bool letter = is_ascii_letter(cp);
        bool foreign = cp >= 0x370 && cp <= 0x52f;
        bool invisible = (cp >= 0x200b && cp <= 0x200d) || cp == 0x2060 || cp == 0xfeff;
        c->styled += cp >= 0x1d400 && cp <= 0x1d7ff;
        c->split += letter && gap;
        gap = invisible && after_letter;
        after_letter = letter;
        if (letter || foreign) {
            latin |= letter;
            twin |= foreign && looks_latin(cp);
            other |= foreign && !looks_latin(cp);
        } else if (!invisible) {
            c->mixed += latin && twin && !other;
            latin = twin = other = false;
        }
    }
    c->mixed += latin && twin && !other;
}

static struct script_count count_all(const struct facts *f)
{
    struct script_count c = { 0 };
    count(f->c->subject, &c);
    if (f->from)
        count(f->from->name, &c);
    count(str_sub(f->seen, 0, LOOKED_AT), &c);
    return c;
}

bool rule_mixed_words(const struct facts *f) { return count_all(f).mixed >= MIXED_MIN; }
bool rule_split_words(const struct facts *f) { return count_all(f).split >= SPLIT_MIN; }
bool rule_styled_words(const struct facts *f)
{
    struct script_count c = { 0 };
    count(f->c->subject, &c);
    if (f->from)
        count(f->from->name, &c);
    return c.styled >= STYLED_MIN;
}
