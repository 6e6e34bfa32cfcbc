#include "test.h"
#include "wire/fold.h"

TEST(fold_makes_alike)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "", "" },
        { "Abc 1z", "ABC 1Z" },
        { "caf\xc3\xa9", "CAFE\xcc\x81" },  /* é: the letter, then its accent */
        { "cafe\xcc\x81", "CAFE\xcc\x81" }, /* written as two already */
        { "\xc3\x89", "E\xcc\x81" },        /* É */
        { "stra\xc3\x9f"
          "e",
          "STRA\xc3\x9f"
          "E" }, /* ß has no single capital */
        { "\xce\xbb\xcf\x8c\xce\xb3\xce\xbf\xcf\x82", "\xce\x9b\xce\x9f\xcc\x81\xce\x93\xce\x9f\xce\xa3" }, /* λόγος */
        { "\xd0\xb9", "\xd0\x98\xcc\x86" },                                                                 /* й */
        { "\xd1\x8f", "\xd0\xaf" },                                                                         /* я */
        { "\xef\xbd\x81", "A" },                 /* full-width a */
        { "\xe1\xba\xad", "A\xcc\xa3\xcc\x82" }, /* ậ */
        { "\xe1\xba\x96", "H\xcc\xb1" },         /* ẖ has no capital of its own */
        { "\xe6\x97\xa5", "\xe6\x97\xa5" },
        { "\xf0\x90\x90\xa8", "\xf0\x90\x90\x80" },             /* Deseret */
        { "\xe1\xbe\x82", "\xce\x91\xcc\x93\xcc\x80\xcd\x85" }, /* alpha and three marks */
        { "a\xff"
          "b\xe2\x82",
          "A\xef\xbf\xbd"
          "B\xef\xbf\xbd" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 100 };
        fold_text_put(&out, str_c(cases[i].in));
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}
