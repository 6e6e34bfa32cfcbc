#include "core/extract.h"
#include "core/extract_fold.h"
#include "core/extract_words.h"
#include "test.h"

/* A phrase that is not written as texts are folded would never be found. */
static void check_table(const struct word_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (struct str rest = str_c(rows[i].words); rest.n > 0;) {
            AUTO_ARENA struct arena a = { .max = 1 << 16 };
            struct str phrase = str_cut(rest, '|', &rest);
            struct fold f;
            if (str_ends(phrase, S("~")))
                phrase.n--;
            CHECK(fold_text(&a, phrase, 200, &f));
            if (!str_eq(str_of(f.p, f.n), phrase))
                print_error("not folded: %.*s\n", STR_FMT(phrase));
            CHECK(str_eq(str_of(f.p, f.n), phrase));
        }
    }
}

TEST(extract_tables_are_folded)
{
    check_table(word_rows_code, word_rows_code_n);
    check_table(word_rows_link, word_rows_link_n);
}
