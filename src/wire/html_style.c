/* A table of properties; each reads its own value. Sizes are in hundredths of a CSS pixel. */
#include "wire/html_style.h"

enum {
    SIZE_TINY = 200,  /* 2px and below: preheaders and spam padding, nothing a person reads */
    SIZE_BIG = 1950,  /* about 20px: above body text, where codes are set */
    SIZE_ROOT = 1600, /* 1em of a reader's default */
    SPACED = 200      /* letter-spacing that is there to make a code readable */
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The number s begins with, times 100; *unit is what follows it. */
static bool number(struct str s, int64_t *out, struct str *unit)
{
    int64_t v = 0, scale = 100;
    size_t i = 0, digits = 0;
    bool minus = i < s.n && s.p[i] == '-', fraction = false;
    for (i += minus; i < s.n && (is_digit(s.p[i]) || (s.p[i] == '.' && !fraction)); i++) {
        if (s.p[i] == '.') {
            fraction = true;
            continue;
        }
        digits++;
        if (fraction)
            scale /= 10;
        v = fraction ? v + (s.p[i] - '0') * scale : MIN(v * 10 + (s.p[i] - '0') * scale, 100000000);
    }
    *out = minus ? -v : v;
    *unit = str_trim(str_from(s, i));
    return digits > 0;
}

/* A length in hundredths of a pixel. Relative ones as if the parent had the default size. */
static bool length(struct str s, int64_t *out)
{
    struct str unit;
    if (!number(s, out, &unit))
        return false;
    if (str_starts_nocase(unit, S("pt")))
        *out = *out * 4 / 3;
    else if (str_starts_nocase(unit, S("%")))
        *out = *out * SIZE_ROOT / 10000;
    else if (str_starts_nocase(unit, S("em")) || str_starts_nocase(unit, S("rem")))
        *out = *out * SIZE_ROOT / 100;
    return true;
}

static void look(struct html_style *s, unsigned bit, bool on)
{
    s->set |= bit;
    s->look = on ? s->look | bit : s->look & ~bit;
}

static bool is_zero(struct str v)
{
    int64_t n;
    return length(v, &n) && n <= 0;
}

static void read_display(struct html_style *s, struct str v) { s->hide |= str_starts_nocase(v, S("none")); }
static void read_visibility(struct html_style *s, struct str v)
{
    s->hide |= str_starts_nocase(v, S("hidden")) || str_starts_nocase(v, S("collapse"));
}
static void read_zero_hides(struct html_style *s, struct str v) { s->hide |= is_zero(v); }
static void read_color(struct html_style *s, struct str v) { s->hide |= str_starts_nocase(v, S("transparent")); }

/* Text pushed off the page. */
static void read_offset(struct html_style *s, struct str v)
{
    int64_t n;
    s->hide |= length(v, &n) && n < -50000;
}

static void read_font_size(struct html_style *s, struct str v)
{
    int64_t n;
    if (!length(v, &n))
        return;
    s->sized = true;
    s->tiny = n <= SIZE_TINY;
    look(s, HTML_BIG, n >= SIZE_BIG);
}

static void read_weight(struct html_style *s, struct str v)
{
    int64_t n;
    struct str unit;
    if (number(v, &n, &unit))
        look(s, HTML_BOLD, n >= 60000);
    else
        look(s, HTML_BOLD, str_starts_nocase(v, S("bold")));
}

static void read_family(struct html_style *s, struct str v)
{
    bool mono = str_find_nocase(str_sub(v, 0, 200), S("mono")) != STR_NONE ||
                str_find_nocase(str_sub(v, 0, 200), S("courier")) != STR_NONE;
    look(s, HTML_MONO, mono);
}

static void read_spacing(struct html_style *s, struct str v)
{
    int64_t n;
    if (length(v, &n))
        look(s, HTML_SPACED, n >= SPACED);
}

static void read_white_space(struct html_style *s, struct str v) { s->pre = str_starts_nocase(v, S("pre")); }

/* "font: bold 32px/1.2 Arial": the first length is the size. */
static void read_font(struct html_style *s, struct str v)
{
    for (struct str rest = str_sub(v, 0, 200); rest.n > 0;) {
        struct str word = str_word(rest, &rest);
        if (str_eq_nocase(word, S("bold")))
            look(s, HTML_BOLD, true);
        else if (word.n > 0 && is_digit(word.p[0]) && (word.n != 3 || !str_ends(word, S("00"))))
            read_font_size(s, word);
    }
}

static const struct {
    struct str name;
    void (*read)(struct html_style *, struct str value);
} properties[] = {
    { STR("display"), read_display },
    { STR("visibility"), read_visibility },
    { STR("opacity"), read_zero_hides },
    { STR("max-height"), read_zero_hides },
    { STR("max-width"), read_zero_hides },
    { STR("color"), read_color },
    { STR("text-indent"), read_offset },
    { STR("left"), read_offset },
    { STR("top"), read_offset },
    { STR("margin-left"), read_offset },
    { STR("font-size"), read_font_size },
    { STR("font-weight"), read_weight },
    { STR("font-family"), read_family },
    { STR("letter-spacing"), read_spacing },
    { STR("white-space"), read_white_space },
    { STR("font"), read_font },
};

void html_style_read(struct str decl, struct html_style *out)
{
    *out = (struct html_style){ 0 };
    while (decl.n > 0) {
        struct str value, one = str_cut(decl, ';', &decl);
        struct str name = str_trim(str_cut(one, ':', &value));
        for (size_t i = 0; i < COUNT(properties); i++)
            if (name.n == properties[i].name.n && str_eq_nocase(name, properties[i].name))
                properties[i].read(out, str_trim(value));
    }
}
