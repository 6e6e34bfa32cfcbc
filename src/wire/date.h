/* Dates of mail: RFC 5322 section 3.3 with the obsolete forms of 4.3. No clock is read here. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct date {
    int64_t ms;        /* since 1970, UTC; a whole second */
    int16_t zone_min;  /* offset of the writer's clock in minutes, east positive */
    bool zone_unknown; /* "-0000", a military letter or an unknown name: UTC is assumed */
};

/* Comments, folds, two-digit years, named zones, a missing day name or seconds are all fine; ERR_BAD when there is no
 * date in it or it lies outside the years 1900 to 9999. */
[[nodiscard]] enum err date_parse(struct str in, struct date *out);
/* "Sun, 22 Nov 2026 04:16:16 +0000" */
void date_put(struct buf *out, int64_t ms, int zone_min);

/* The calendar (proleptic Gregorian), for other formats. */
struct date_civil {
    int year, month, day;     /* month and day from 1 */
    int hour, minute, second; /* second may be 60 on input */
    int weekday;              /* 0 is Sunday; not read by date_from_civil() */
};
void date_to_civil(int64_t ms, struct date_civil *out);
int64_t date_from_civil(const struct date_civil *c); /* UTC ms; fields must be in range */
/* 1 to 12 for "jan" … "dec" in any case, else 0; and back: "Jan" … "Dec". */
int date_month(struct str s);
const char *date_month_name(int month);
