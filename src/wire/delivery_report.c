/* Groups of fields with an empty line between them. Writers differ in how many groups they make of it, so any group may
 * say something of the message, and any that names a recipient is one. */
#include "wire/delivery_report.h"
#include "base/text.h"
#include "wire/date.h"
#include "wire/deceptive.h"
#include "wire/header.h"

enum {
    VALUE_MAX = 4096, /* octets of a field that are looked at */
    JUNK_MAX = 50     /* lines that are no field; what stands behind more of them is not read */
};

static const char *const action_names[] = {
    [REPORT_UNKNOWN] = "unknown",     [REPORT_FAILED] = "failed",   [REPORT_DELAYED] = "delayed",
    [REPORT_DELIVERED] = "delivered", [REPORT_RELAYED] = "relayed", [REPORT_EXPANDED] = "expanded",
};

const char *report_action_name(enum report_action a) { return action_names[a]; }

/* ---- text of strangers ---- */

/* A blank for blanks of any kind, nothing for what is invisible. */
static void put_visible(struct buf *out, struct str s)
{
    bool blank = false;
    while (s.n > 0) {
        uint32_t cp = 0;
        size_t n = utf8_next(s, &cp);
        struct str c = str_sub(s, 0, MAX(n, (size_t)1));
        s = str_from(s, c.n);
        blank |= cp == ' ' || cp == 0xa0 || cp == 0x3000;
        if (n == 0 || cp == ' ' || deceptive_char(cp))
            continue;
        if (blank && out->n > 0)
            buf_putc(out, ' ');
        blank = false;
        buf_put(out, c);
    }
}

/* False: the arena is full. */
static bool clean(struct arena *a, struct str s, size_t max, struct str *out)
{
    AUTO_BUF struct buf b = { .max = VALUE_MAX * 4, .secret = true };
    struct str text = header_text(a, str_sub(s, 0, VALUE_MAX));
    put_visible(&b, text);
    *out = b.n > 0 ? arena_dup(a, str_trim(utf8_cut(buf_str(&b), max))) : S("");
    return text.p && out->p && !b.failed;
}

static struct str first_word(struct str s)
{
    size_t n = 0;
    s = header_skip_blanks(s);
    while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t' && s.p[n] != '\r' && s.p[n] != '\n' && s.p[n] != '(')
        n++;
    return str_sub(s, 0, n);
}

/* "type; value"; without a ';' all of it is the value. A comment may stand before either, and behind a value that is
 * words in itself. */
static struct str typed(struct str raw, struct str *type)
{
    struct str value, before = str_cut(raw, ';', &value);
    *type = before.n < raw.n ? first_word(before) : S("");
    return header_skip_blanks(before.n < raw.n ? value : raw);
}

/* A name or an address ends before the comment behind it; brackets around it are not a part of it. */
static struct str alone(struct str s)
{
    s = str_trim(s);
    size_t open = str_find(s, S(" ("));
    if (s.n > 0 && s.p[s.n - 1] == ')' && open != STR_NONE)
        s = str_trim(str_sub(s, 0, open));
    if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
        s = str_sub(s, 1, s.n - 2);
    return s;
}

/* ---- values ---- */

/* RFC 6533 section 3: "\x{4E2D}" where the line had to be ASCII. */
static void put_unitext(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t end = str_starts(s, S("\\x{")) ? str_chr(str_sub(s, 0, 10), '}') : STR_NONE;
        uint32_t cp = 0;
        for (size_t i = 3; end != STR_NONE && i < end; i++) {
            const char *digits = "0123456789abcdef", *d = strchr(digits, char_lower(s.p[i]));
            if (d == NULL || s.p[i] == 0)
                end = STR_NONE;
            else
                cp = cp * 16 + (uint32_t)(d - digits);
        }
        if (end != STR_NONE && end > 3)
            utf8_put(out, cp);
        else
            buf_putc(out, s.p[0]);
        s = str_from(s, end != STR_NONE && end > 3 ? end + 1 : 1);
    }
}

static bool read_address(struct arena *a, struct str raw, struct str *out)
{
    AUTO_BUF struct buf b = { .max = 4 * VALUE_MAX, .secret = true };
    struct str type, value = alone(typed(str_sub(raw, 0, VALUE_MAX), &type));
    if (!str_eq_nocase(type, S("utf-8")))
        return clean(a, value, LIMIT_REPORT_ADDRESS, out);
    put_unitext(&b, value);
    return clean(a, buf_str(&b), LIMIT_REPORT_ADDRESS, out);
}

static bool read_name(struct arena *a, struct str raw, struct str *out)
{
    struct str type;
    return clean(a, alone(typed(str_sub(raw, 0, VALUE_MAX), &type)), LIMIT_REPORT_NAME, out);
}

static int64_t read_date(struct str raw)
{
    struct date d;
    return date_parse(str_sub(raw, 0, VALUE_MAX), &d) == OK ? d.ms : 0;
}

/* RFC 3463 section 2: class "." subject "." detail. */
static bool is_status(struct str s)
{
    struct str rest, cls = str_cut(s, '.', &rest), subject = str_cut(rest, '.', &rest);
    uint32_t b, c;
    return cls.n == 1 && (cls.p[0] == '2' || cls.p[0] == '4' || cls.p[0] == '5') && subject.n <= 3 && rest.n <= 3 &&
           str_to_u32(subject, &b) && str_to_u32(rest, &c);
}

static void read_status(struct str raw, char out[REPORT_STATUS_N])
{
    struct str word = first_word(raw);
    if (is_status(word))
        memcpy(out, word.p, word.n);
}

static enum report_action read_action(struct str raw, const char *status)
{
    struct str word = first_word(raw);
    for (size_t i = REPORT_FAILED; i < COUNT(action_names); i++)
        if (str_eq_nocase(word, str_c(action_names[i])))
            return (enum report_action)i;
    switch (word.n > 0 ? 0 : status[0]) {
    case '2':
        return REPORT_DELIVERED;
    case '4':
        return REPORT_DELAYED;
    case '5':
        return REPORT_FAILED;
    }
    return REPORT_UNKNOWN;
}

/* "550-5.1.1 No such user; 550 5.1.1 look again": each line of a reply begins with its numbers, and what they were
 * before the report folded them is anybody's guess: they go wherever they stand. */
static void put_without_numbers(struct buf *out, struct str s, struct str code)
{
    bool behind = false; /* the code */
    while (s.n > 0) {
        struct str word = str_word(s, &s);
        bool line = str_starts(word, code) && (word.n == 3 || word.p[3] == '-');
        if (line)
            word = str_from(word, 4);
        bool number = (line || behind) && (word.n == 0 || is_status(word));
        behind = line && word.n == 0;
        if (number || word.n == 0)
            continue;
        buf_puts(out, out->n > 0 ? " " : "");
        buf_put(out, word);
    }
}

static bool read_words(struct arena *a, struct str raw, struct report_rcpt *r)
{
    AUTO_BUF struct buf b = { .max = VALUE_MAX * 4, .secret = true };
    struct str type, all, value = typed(str_sub(raw, 0, VALUE_MAX), &type);
    uint32_t code = 0;
    if (!clean(a, value, VALUE_MAX, &all))
        return false;
    struct str number = str_sub(all, 0, 3);
    bool ends = all.n <= 3 || all.p[3] == ' ' || all.p[3] == '-';
    if (!ends || number.n < 3 || !str_to_u32(number, &code) || code < 200 || code > 599) {
        r->words = utf8_cut(all, LIMIT_REPORT_WORDS);
        return true;
    }
    r->code = (uint16_t)code;
    put_without_numbers(&b, all, number);
    r->words = b.n > 0 ? arena_dup(a, utf8_cut(buf_str(&b), LIMIT_REPORT_WORDS)) : S("");
    return r->words.p && !b.failed;
}

/* ---- groups ---- */

enum { F_ENVID, F_REPORTER, F_ARRIVAL, F_ORIGINAL, F_FINAL, F_ACTION, F_STATUS, F_REMOTE, F_WORDS, F_UNTIL, F_COUNT };
static const struct str names[F_COUNT] = {
    STR("Original-Envelope-Id"), STR("Reporting-MTA"),    STR("Arrival-Date"), STR("Original-Recipient"),
    STR("Final-Recipient"),      STR("Action"),           STR("Status"),       STR("Remote-MTA"),
    STR("Diagnostic-Code"),      STR("Will-Retry-Until"),
};

/* The fields from *at to the next empty line; of several of one name the last counts, as everywhere (header_find()). */
static void take_group(struct str body, size_t *at, size_t *junk, struct str raw[F_COUNT])
{
    while (*at < body.n && *junk < JUNK_MAX) {
        struct header_iter it = header_walk(str_from(body, *at));
        struct header_field f;
        while (header_next(&it, &f))
            for (size_t i = 0; i < F_COUNT; i++)
                if (str_eq_nocase(f.name, names[i]))
                    raw[i] = f.raw;
        struct str rest, line = str_line(str_from(it.block, it.at), &rest);
        *at = body.n - rest.n;
        if (str_trim(line).n == 0)
            return;
        (*junk)++;
    }
}

static bool take_message(struct arena *a, const struct str raw[F_COUNT], struct delivery_report *d)
{
    bool good = true;
    if (raw[F_ENVID].p && d->envelope_id.n == 0)
        good = clean(a, raw[F_ENVID], LIMIT_REPORT_ENVID, &d->envelope_id);
    if (raw[F_REPORTER].p && d->reporting_mta.n == 0)
        good = good && read_name(a, raw[F_REPORTER], &d->reporting_mta);
    if (raw[F_ARRIVAL].p && d->arrival_ms == 0)
        d->arrival_ms = read_date(raw[F_ARRIVAL]);
    return good;
}

static bool take_rcpt(struct arena *a, const struct str raw[F_COUNT], struct delivery_report *d)
{
    if (d->n == LIMIT_REPORT_RCPTS) {
        d->more++;
        return true;
    }
    struct report_rcpt *r = &d->v[d->n++];
    read_status(raw[F_STATUS], r->status);
    r->action = read_action(raw[F_ACTION], r->status);
    r->retry_until_ms = read_date(raw[F_UNTIL]);
    return read_address(a, raw[F_ORIGINAL], &r->original) && read_address(a, raw[F_FINAL], &r->final) &&
           read_name(a, raw[F_REMOTE], &r->remote_mta) && read_words(a, raw[F_WORDS], r);
}

enum err delivery_report_parse(struct arena *a, struct str body, struct delivery_report *out)
{
    struct delivery_report d = { .v = arena_array(a, LIMIT_REPORT_RCPTS, sizeof *d.v) };
    size_t at = 0, junk = 0;
    bool good = d.v;
    body = str_sub(body, 0, LIMIT_REPORT_BYTES);
    while (good && at < body.n && junk < JUNK_MAX) {
        struct str raw[F_COUNT] = { 0 };
        take_group(body, &at, &junk, raw);
        good = take_message(a, raw, &d);
        if (raw[F_ORIGINAL].n + raw[F_FINAL].n > 0)
            good = good && take_rcpt(a, raw, &d);
    }
    if (!good)
        return ERR_FULL;
    if (d.n == 0)
        return ERR_BAD;
    *out = d;
    return OK;
}
