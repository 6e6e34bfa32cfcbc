#include "test.h"
#include "wire/date.h"

TEST(date_forms)
{
    static const struct {
        const char *in;
        int64_t s;
        int zone;
        bool unknown;
    } cases[] = {
        { "Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360, false },
        { "21 Nov 97 09:55:06 GMT", 880106106, 0, false },
        { "Fri, 21 Nov 1997 09(comment (nested)):   55  :  06 -0600", 880127706, -360, false },
        { "Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)", -27723480, -210, false },
        { "Mon, 1 Jan 0099 00:00:00 +0000", 915148800, 0, false },
        { "Sat, 1 Jan 100 00:00 +0000", 946684800, 0, false },
        { "1 Jan 00 00:00:00 -0000", 946684800, 0, true },
        { "Sun, 22 Nov 2026 04:16:16 EST", 1795338976, -300, false },
        { "Sun, 22 Nov 2026 04:16:16 A", 1795320976, 0, true },
        { "Sun, 22 Nov 2026 04:16:16 (EST) -600", 1795342576, -360, false },
        { "Sun, 22 Nov 2026 04:16:16", 1795320976, 0, true },
        { "Sun Nov 22 04:16:16 2026", 1795320976, 0, true },
        { "Nov 22 2026 04:16:16 +0100", 1795317376, 60, false },
        { "22-Nov-2026 04:16:16 +0000", 1795320976, 0, false },
        { "Sun, 22 November 2026 04:16:16.123 +02", 1795313776, 120, false },
        { "Fri, 29 Feb 2008 23:59:60 +0000", 1204329600, 0, false },
        { "Thu, 01 Jan 1970 00:00:00 +0000", 0, 0, false },
        { "31 Dec 1969 23:59:59 Z", -1, 0, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date d;
        enum err e = date_parse(str_c(cases[i].in), &d);
        if (e != OK || d.ms != cases[i].s * 1000 || d.zone_min != cases[i].zone || d.zone_unknown != cases[i].unknown)
            print_error("%s: %s %lld zone %d unknown %d\n", cases[i].in, err_name(e), (long long)(d.ms / 1000),
                        d.zone_min, d.zone_unknown);
        CHECK_OK(e);
        CHECK_EQ(d.ms, cases[i].s * 1000);
        CHECK_EQ(d.zone_min, cases[i].zone);
        CHECK_EQ(d.zone_unknown, cases[i].unknown);
    }
}

TEST(date_refuses)
{
    static const char *const cases[] = { "",
                                         "yesterday",
                                         "32 Jan 2026 00:00:00 +0000",
                                         "29 Feb 2026 00:00:00 +0000",
                                         "1 Foo 2026 00:00:00 +0000",
                                         "1 Jan 2026 24:00:00 +0000",
                                         "1 Jan 2026 00:60:00 +0000",
                                         "1 Jan 2026 00:00:61 +0000",
                                         "1 Jan 1899 00:00:00 +0000",
                                         "1 Jan 20260 00:00:00 +0000",
                                         "((((((((",
                                         "99999999999999999999 Jan 2026",
                                         "1 Jan 2026 x",
                                         "Sun Nor 22 04:16:16 2026" };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date d = { .ms = 42 };
        if (date_parse(str_c(cases[i]), &d) != ERR_BAD)
            print_error("taken: %s\n", cases[i]);
        CHECK_EQ(date_parse(str_c(cases[i]), &d), ERR_BAD);
        CHECK_EQ(d.ms, 42);
    }
}

TEST(date_put_and_back)
{
    for (int64_t s = -2208988800; s < 253402300800; s += 86400 * 97 + 12345) {
        AUTO_BUF struct buf out = { .max = 64 };
        struct date d;
        int zone = (int)(s % 720);
        date_put(&out, s * 1000, zone);
        if (date_parse(buf_str(&out), &d) != OK || d.ms != s * 1000 || d.zone_min != zone) {
            struct date_civil c;
            date_to_civil(s * 1000 + zone * 60000, &c);
            CHECK(c.year < 1900 || c.year > 9999 || d.ms == s * 1000);
        }
    }
    AUTO_BUF struct buf out = { .max = 64 };
    date_put(&out, 1795320976000, -90);
    CHECK_STR("formatted", buf_str(&out), "Sun, 22 Nov 2026 02:46:16 -0130");
}
