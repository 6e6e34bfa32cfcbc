/* The two dates of IMAP. Neither is a date of mail: their order is fixed, and so is every blank. */
#include "base/buf.h"
#include "wire/date.h"
#include "wire/imap_token.h"

static bool two_digits(struct str s, size_t at, int *out)
{
    uint32_t v;
    if (!str_to_u32(str_sub(s, at, 2), &v) || s.n < at + 2)
        return false;
    *out = (int)v;
    return true;
}

/* "1-Feb-1994" or "01-Feb-1994". */
static bool day_month_year(struct str s, struct date_civil *c)
{
    struct str rest, day = str_cut(s, '-', &rest), month = str_cut(rest, '-', &rest);
    uint32_t d, y;
    c->month = month.n == 3 ? date_month(month) : 0;
    if (day.n > 2 || !str_to_u32(day, &d) || rest.n != 4 || !str_to_u32(rest, &y) || c->month == 0)
        return false;
    c->day = (int)d;
    c->year = (int)y;
    return true;
}

/* The date's own words must come out again: the 31st of February does not. */
static bool to_ms(const struct date_civil *c, int64_t *ms)
{
    struct date_civil back;
    if (c->year < 1 || c->hour > 23 || c->minute > 59 || c->second > 60)
        return false;
    *ms = date_from_civil(c);
    date_to_civil(date_from_civil(&(struct date_civil){ .year = c->year, .month = c->month, .day = c->day }), &back);
    return back.day == c->day && back.month == c->month;
}

static bool zone(struct str s, int *minutes)
{
    int h, m;
    if (s.n != 5 || (s.p[0] != '+' && s.p[0] != '-') || !two_digits(s, 1, &h) || !two_digits(s, 3, &m) || h > 23 ||
        m > 59)
        return false;
    *minutes = (s.p[0] == '-' ? -1 : 1) * (h * 60 + m);
    return true;
}

static bool date_time(struct str s, int64_t *ms, int *zone_min)
{
    struct date_civil c = { 0 };
    enum { DATE_N = 11, ALL_N = 26 }; /* "17-Jul-1996 02:44:25 -0700" */
    if (s.n != ALL_N || s.p[DATE_N] != ' ' || s.p[14] != ':' || s.p[17] != ':' || s.p[20] != ' ')
        return false;
    struct str day = str_sub(s, 0, DATE_N);
    if (day.p[0] == ' ') /* date-day-fixed */
        day = str_from(day, 1);
    return day_month_year(day, &c) && two_digits(s, 12, &c.hour) && two_digits(s, 15, &c.minute) &&
           two_digits(s, 18, &c.second) && zone(str_from(s, 21), zone_min) && to_ms(&c, ms);
}

bool imap_token_date_time(struct imap_token *t, int64_t *ms, int *zone_min)
{
    struct str s;
    int64_t local;
    int minutes;
    if (imap_token_peek(t) != '"' || !imap_token_string(t, &s) || !date_time(s, &local, &minutes)) {
        t->failed = true;
        return false;
    }
    *ms = local - (int64_t)minutes * 60000;
    *zone_min = minutes;
    return true;
}

bool imap_token_date(struct imap_token *t, int32_t *day)
{
    struct str s;
    int64_t ms;
    struct date_civil c = { 0 };
    if (!imap_token_astring(t, &s) || !day_month_year(s, &c) || !to_ms(&c, &ms)) {
        t->failed = true;
        return false;
    }
    *day = (int32_t)(ms / 86400000 - (ms % 86400000 < 0));
    return true;
}

void imap_date_time_put(struct buf *out, int64_t ms, int zone_min)
{
    struct date_civil c;
    date_to_civil(ms + (int64_t)zone_min * 60000, &c);
    int z = zone_min < 0 ? -zone_min : zone_min;
    buf_printf(out, "\"%02d-%s-%04d %02d:%02d:%02d %c%02d%02d\"", c.day, date_month_name(c.month), c.year, c.hour,
               c.minute, c.second, zone_min < 0 ? '-' : '+', z / 60, z % 60);
}
