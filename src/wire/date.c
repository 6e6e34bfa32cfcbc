/* A date is a handful of words in a known order, with comments and commas anywhere between (RFC 5322 section 4.3).
 * Words are cut off one by one; a word that doesn't fit its place ends it. Arithmetic is on days since 1970, after
 * Howard Hinnant's civil-from-days. */
#include "wire/date.h"
#include "wire/header.h"

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

int date_month(struct str s)
{
    for (int m = 0; m < 12 && s.n >= 3; m++)
        if (str_eq_nocase(str_sub(s, 0, 3), str_c(month_names[m])))
            return m + 1;
    return 0;
}

const char *date_month_name(int month) { return month >= 1 && month <= 12 ? month_names[month - 1] : "???"; }

static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t date_from_civil(const struct date_civil *c)
{
    int64_t days = days_from_civil(c->year, c->month, c->day);
    return (days * 86400 + c->hour * 3600 + c->minute * 60 + c->second) * 1000;
}

void date_to_civil(int64_t ms, struct date_civil *out)
{
    int64_t s = ms >= 0 ? ms / 1000 : -((999 - ms) / 1000);
    int64_t days = s >= 0 ? s / 86400 : -((86399 - s) / 86400);
    int64_t left = s - days * 86400, z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *out = (struct date_civil){ .year = (int)(yoe + era * 400 + (mp >= 10)),
                                .month = (int)(mp < 10 ? mp + 3 : mp - 9),
                                .day = (int)(doy - (153 * mp + 2) / 5 + 1),
                                .hour = (int)(left / 3600),
                                .minute = (int)(left / 60 % 60),
                                .second = (int)(left % 60),
                                .weekday = (int)(((days + 4) % 7 + 7) % 7) };
}

/* Blanks, commas and comments. */
static struct str skip_blanks(struct str s)
{
    s = header_skip_blanks(s);
    while (s.n > 0 && s.p[0] == ',')
        s = header_skip_blanks(str_from(s, 1));
    return s;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alpha(char c) { return char_lower(c) >= 'a' && char_lower(c) <= 'z'; }

/* The digits or the letters that s begins with; *s goes behind them and the blanks that follow. */
static struct str take(struct str *s, bool (*of)(char))
{
    size_t n = 0;
    while (n < s->n && of(s->p[n]))
        n++;
    struct str word = str_sub(*s, 0, n);
    *s = skip_blanks(str_from(*s, n));
    return word;
}

static bool take_number(struct str *s, size_t max_digits, int *out)
{
    uint32_t v;
    struct str digits = take(s, is_digit);
    if (digits.n > max_digits || !str_to_u32(digits, &v))
        return false;
    *out = (int)v;
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = skip_blanks(str_from(*s, 1));
    return true;
}

static bool take_day_month_year(struct str *s, struct date_civil *c)
{
    bool month_first = s->n > 0 && is_alpha(s->p[0]); /* "Nov 22 2026": not in any RFC, yet sent */
    if (month_first)
        c->month = date_month(take(s, is_alpha));
    if (!take_number(s, 2, &c->day))
        return false;
    take_char(s, '-');
    if (!month_first)
        c->month = date_month(take(s, is_alpha));
    take_char(s, '-');
    if (!take_number(s, 4, &c->year))
        return false;
    if (c->year < 1000)
        c->year += c->year < 50 ? 2000 : 1900; /* RFC 5322 section 4.3 */
    return c->month > 0;
}

static bool take_time(struct str *s, struct date_civil *c)
{
    if (!take_number(s, 2, &c->hour) || !(take_char(s, ':') || take_char(s, '.')) || !take_number(s, 2, &c->minute))
        return false;
    if (!take_char(s, ':') && !take_char(s, '.'))
        return true;
    if (!take_number(s, 2, &c->second))
        return false;
    if (take_char(s, '.')) { /* fractions */
        int unused;
        (void)take_number(s, 9, &unused);
    }
    return true;
}

/* The names of RFC 5322 section 4.3 and four that programs still write. A military letter says nothing, because RFC 822
 * had their signs wrong. */
static const struct {
    struct str name;
    int16_t minutes;
} zones[] = {
    { STR("UT"), 0 },     { STR("GMT"), 0 },    { STR("UTC"), 0 },    { STR("Z"), 0 },
    { STR("EST"), -300 }, { STR("EDT"), -240 }, { STR("CST"), -360 }, { STR("CDT"), -300 },
    { STR("MST"), -420 }, { STR("MDT"), -360 }, { STR("PST"), -480 }, { STR("PDT"), -420 },
    { STR("CET"), 60 },   { STR("CEST"), 120 }, { STR("BST"), 60 },   { STR("JST"), 540 },
};

static void take_zone(struct str *s, struct date *out)
{
    out->zone_unknown = true;
    bool east = take_char(s, '+'), west = !east && take_char(s, '-');
    struct str word = take(s, east || west ? is_digit : is_alpha);
    if (east || west) {
        uint32_t v;
        if (word.n < 2 || word.n > 4 || !str_to_u32(word, &v))
            return;
        int minutes = (int)(word.n > 2 ? v / 100 * 60 + v % 100 : v * 60);
        out->zone_unknown = (west && v == 0) || minutes >= 24 * 60; /* "-0000", RFC 5322 section 3.3 */
        out->zone_min = out->zone_unknown ? 0 : (int16_t)(east ? minutes : -minutes);
        return;
    }
    for (size_t i = 0; i < COUNT(zones); i++)
        if (str_eq_nocase(word, zones[i].name)) {
            out->zone_min = zones[i].minutes;
            out->zone_unknown = false;
        }
}

static int days_in_month(int year, int month)
{
    static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool in_range(const struct date_civil *c)
{
    return c->year >= 1900 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month) && c->hour <= 23 && c->minute <= 59 && c->second <= 60;
}

enum err date_parse(struct str in, struct date *out)
{
    struct date d = { 0 };
    struct date_civil c = { 0 };
    struct str s = skip_blanks(in);
    if (s.n > 0 && is_alpha(s.p[0]) && date_month(s) == 0) {
        take(&s, is_alpha); /* the day's name says nothing new */
        take_char(&s, '.');
    }
    bool time_first = false;
    struct str ahead = s;
    if (s.n > 0 && is_alpha(s.p[0])) { /* asctime: "Nov 22 04:16:16 2026" */
        int day;
        take(&ahead, is_alpha);
        time_first = take_number(&ahead, 2, &day) && take_time(&ahead, &c) && take_number(&ahead, 4, &c.year);
        c.month = date_month(s);
        c.day = time_first ? day : 0;
    }
    if (time_first)
        s = ahead;
    else if (!take_day_month_year(&s, &c))
        return ERR_BAD;
    else if (c.hour = c.minute = c.second = 0, s.n > 0 && !take_time(&s, &c))
        return ERR_BAD;
    if (!in_range(&c))
        return ERR_BAD;
    take_zone(&s, &d);
    d.ms = date_from_civil(&c) - (int64_t)d.zone_min * 60000;
    *out = d;
    return OK;
}

static void put_padded(struct buf *out, int v, size_t digits)
{
    char d[4];
    for (size_t i = digits; i-- > 0; v /= 10)
        d[i] = (char)('0' + v % 10);
    buf_put(out, str_of(d, digits));
}

/* No printf: every mail's trace has one. */
void date_put(struct buf *out, int64_t ms, int zone_min)
{
    struct date_civil c;
    date_to_civil(ms + (int64_t)zone_min * 60000, &c);
    int z = zone_min < 0 ? -zone_min : zone_min;
    buf_puts(out, day_names[c.weekday]);
    buf_put(out, S(", "));
    buf_put_u64(out, (uint64_t)c.day);
    buf_putc(out, ' ');
    buf_puts(out, date_month_name(c.month));
    buf_putc(out, ' ');
    if (c.year < 0 || c.year > 9999)
        buf_printf(out, "%04d", c.year);
    else
        put_padded(out, c.year, 4);
    buf_putc(out, ' ');
    put_padded(out, c.hour, 2);
    buf_putc(out, ':');
    put_padded(out, c.minute, 2);
    buf_putc(out, ':');
    put_padded(out, c.second, 2);
    buf_put(out, zone_min < 0 ? S(" -") : S(" +"));
    put_padded(out, z / 60, 2);
    put_padded(out, z % 60, 2);
}
