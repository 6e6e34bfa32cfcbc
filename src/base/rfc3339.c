/* Times as RFC 3339 writes them. Days are counted by era arithmetic (Howard Hinnant, "chrono-compatible low-level date
 * algorithms"), which needs no time zone of the machine. */
#include "base/text.h"

enum { DAY_MS = 86400000, YEAR_MAX = 9999 };
#define MS_MIN (-62167219200000) /* 0000-01-01T00:00:00Z */
#define MS_MAX 253402300799999   /* 9999-12-31T23:59:59.999Z */

struct civil {
    int64_t year;
    unsigned month, day;
};

static int64_t days_of(struct civil c)
{
    int64_t y = c.year - (c.month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (int64_t)(c.month + (c.month > 2 ? -3u : 9u)) + 2) / 5 + c.day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static struct civil civil_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9), day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    return (struct civil){ .year = yoe + era * 400 + (month <= 2), .month = month, .day = day };
}

static char *put_digits(char *p, unsigned v, int n, char then)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        p[i] = (char)('0' + v % 10);
    p[n] = then;
    return p + n + 1;
}

void text_rfc3339(struct buf *out, int64_t ms)
{
    ms = MIN(MAX(ms, MS_MIN), MS_MAX);
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0), rest = ms - days * DAY_MS;
    struct civil c = civil_of(days);
    unsigned s = (unsigned)(rest / 1000), sub = (unsigned)(rest % 1000);
    char t[24], *p = t; /* no printf: a list of mails has hundreds of times */
    p = put_digits(p, (unsigned)c.year, 4, '-');
    p = put_digits(p, c.month, 2, '-');
    p = put_digits(p, c.day, 2, 'T');
    p = put_digits(p, s / 3600, 2, ':');
    p = put_digits(p, s / 60 % 60, 2, ':');
    p = put_digits(p, s % 60, 2, sub ? '.' : 'Z');
    if (sub)
        p = put_digits(p, sub, 3, 'Z');
    buf_put(out, str_of(t, (size_t)(p - t)));
}

/* n digits, at least from and at most to in value, then taken off s. */
static bool digits(struct str *s, size_t n, unsigned from, unsigned to, unsigned *out)
{
    uint32_t v;
    if (s->n < n || !str_to_u32(str_sub(*s, 0, n), &v) || v < from || v > to)
        return false;
    *s = str_from(*s, n);
    *out = v;
    return true;
}

static bool one_of(struct str *s, const char *set, char *which)
{
    if (s->n == 0 || s->p[0] == 0 || str_chr(str_c(set), s->p[0]) == STR_NONE)
        return false;
    *which = s->p[0];
    *s = str_from(*s, 1);
    return true;
}

static unsigned month_days(int64_t year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_day(struct str *s, int64_t *ms)
{
    unsigned year, month, day;
    char c;
    if (!digits(s, 4, 0, YEAR_MAX, &year) || !one_of(s, "-", &c) || !digits(s, 2, 1, 12, &month) ||
        !one_of(s, "-", &c) || !digits(s, 2, 1, 31, &day) || day > month_days(year, month))
        return false;
    *ms = days_of((struct civil){ year, month, day }) * DAY_MS;
    return true;
}

/* Beyond milliseconds digits are read and dropped. */
static bool parse_fraction(struct str *s, int64_t *ms)
{
    char c;
    if (!one_of(s, ".", &c))
        return true;
    int scale = 100;
    size_t n = 0;
    for (; one_of(s, "0123456789", &c); n++, scale /= 10)
        *ms += (c - '0') * scale;
    return n > 0;
}

static bool parse_time(struct str *s, int64_t *ms)
{
    unsigned hour, min, sec; /* second 60 is a leap second: the next minute begins */
    char c;
    if (!digits(s, 2, 0, 23, &hour) || !one_of(s, ":", &c) || !digits(s, 2, 0, 59, &min) || !one_of(s, ":", &c) ||
        !digits(s, 2, 0, 60, &sec))
        return false;
    *ms += ((int64_t)hour * 3600 + min * 60 + sec) * 1000;
    return parse_fraction(s, ms);
}

static bool parse_offset(struct str *s, int64_t *ms)
{
    unsigned hour, min;
    char sign, c;
    if (one_of(s, "Zz", &c))
        return true;
    if (!one_of(s, "+-", &sign) || !digits(s, 2, 0, 23, &hour) || !one_of(s, ":", &c) || !digits(s, 2, 0, 59, &min))
        return false;
    int64_t offset = ((int64_t)hour * 60 + min) * 60000;
    *ms -= sign == '+' ? offset : -offset;
    return true;
}

enum err text_rfc3339_parse(struct str in, int64_t *ms)
{
    int64_t v;
    char c;
    if (!parse_day(&in, &v) || !one_of(&in, "Tt ", &c) || !parse_time(&in, &v) || !parse_offset(&in, &v) || in.n)
        return ERR_BAD;
    *ms = v;
    return OK;
}
