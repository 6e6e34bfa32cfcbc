/* Every message of tests/mail/extract: prints what was missed and what was wrongly shown, then precision and recall for
 * each file, and holds the extractor to both. */
#include "base/buf.h"
#include "core/extract.h"
#include "test.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "tests/mail/extract" /* from the top of the tree, where meson runs the tests */

struct sample {
    struct str name, subject, code, link_kind, link_part, text, html;
};

struct tally {
    unsigned messages, right, missed, wrong, links, links_missed;
};

static void load(const char *path, struct buf *out)
{
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_put(out, str_of(chunk, n));
    fclose(f);
    CHECK(!out->failed);
}

static bool is_mark(struct str line)
{
    return str_eq(line, S("T:")) || str_eq(line, S("H:")) || str_starts(line, S("== "));
}

/* The body that begins at rest, up to the next mark. */
static struct str body(struct str *rest)
{
    const char *start = rest->p;
    size_t n = 0;
    for (struct str next = *rest; next.n > 0 && !is_mark(str_line(next, &next)); *rest = next)
        n = (size_t)(next.n > 0 ? next.p - start : rest->p + rest->n - start);
    return str_of(start, n);
}

/* rest stands behind a "== " line; at the next one afterwards. */
static void read_sample(struct sample *s, struct str *rest)
{
    while (rest->n > 0 && !str_starts(*rest, S("== "))) {
        struct str line = str_line(*rest, rest), value = str_trim(str_from(line, 2));
        if (str_starts(line, S("S:")))
            s->subject = value;
        else if (str_starts(line, S("C:")))
            s->code = value;
        else if (str_starts(line, S("L:")))
            s->link_kind = str_word(value, &s->link_part);
        else if (str_eq(line, S("T:")))
            s->text = body(rest);
        else if (str_eq(line, S("H:")))
            s->html = body(rest);
    }
}

static void show(const struct sample *s, const char *what, const struct extract_out *x)
{
    print_message("%s: %.*s (wanted %.*s)\n", what, STR_FMT(s->name), STR_FMT(s->code));
    for (size_t i = 0; i < x->codes_n; i++)
        print_message("    %.*s %u %s\n", STR_FMT(x->codes[i].compact), x->codes[i].confidence, x->codes[i].reason);
}

static void judge_codes(const struct sample *s, const struct extract_out *x, struct tally *t)
{
    bool found = false, wrong = false;
    for (size_t i = 0; i < x->codes_n && x->codes[i].confidence >= EXTRACT_SHOWN; i++) {
        bool right = str_eq(x->codes[i].compact, s->code);
        found |= right && i == 0;
        wrong |= !right;
    }
    t->right += found;
    t->missed += s->code.n > 0 && !found;
    t->wrong += wrong;
    if (wrong || (s->code.n > 0 && !found))
        show(s, wrong ? "wrong" : "missed", x);
}

static void judge_links(const struct sample *s, const struct extract_out *x, struct tally *t)
{
    bool found = false;
    if (s->link_kind.n == 0)
        return;
    for (size_t i = 0; i < x->links_n; i++)
        found |= str_eq(str_c(extract_link_kind_name(x->links[i].kind)), s->link_kind) &&
                 x->links[i].confidence >= EXTRACT_SHOWN && str_find(x->links[i].url, s->link_part) != STR_NONE;
    t->links++;
    t->links_missed += !found;
    if (!found)
        print_message("link missed: %.*s\n", STR_FMT(s->name));
}

static void judge_sample(const struct sample *s, struct tally *t)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    struct extract_in in = { .subject = s->subject, .text = s->text, .html = s->html };
    struct extract_out x;
    CHECK_OK(extract(&in, &a, &x));
    t->messages++;
    judge_codes(s, &x, t);
    judge_links(s, &x, t);
    if (x.intro.n == 0)
        print_message("no intro: %.*s\n", STR_FMT(s->name));
    CHECK(x.intro.n > 0 && str_chr(x.intro, '\n') == STR_NONE);
}

static void judge_file(const char *name, struct tally *t)
{
    AUTO_BUF struct buf b = { .max = 1 << 20 }, path = { .max = 4096 };
    buf_printf(&path, FOLDER "/%s%c", name, 0);
    load(path.p, &b);
    for (struct str rest = buf_str(&b); rest.n > 0;) {
        struct str line = str_line(rest, &rest);
        if (!str_starts(line, S("== ")))
            continue;
        struct sample s = { .name = str_from(line, 3) };
        read_sample(&s, &rest);
        judge_sample(&s, t);
    }
    print_message("%-16s %3u messages, %3u codes right, %u missed, %u wrong; %u links, %u missed\n", name, t->messages,
                  t->right, t->missed, t->wrong, t->links, t->links_missed);
}

static void add(struct tally *all, const struct tally *t)
{
    all->messages += t->messages;
    all->right += t->right;
    all->missed += t->missed;
    all->wrong += t->wrong;
    all->links += t->links;
    all->links_missed += t->links_missed;
}

static int is_corpus(const struct dirent *d) { return str_ends(str_c(d->d_name), S(".txt")); }

TEST(extract_corpus)
{
    struct dirent **names;
    struct tally all = { 0 };
    int n = scandir(FOLDER, &names, is_corpus, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        struct tally t = { 0 };
        judge_file(names[i]->d_name, &t);
        add(&all, &t);
        free(names[i]);
    }
    free(names);
    double precision = all.right / (double)(all.right + all.wrong),
           recall = all.right / (double)(all.right + all.missed);
    print_message("%u messages: precision %.4f, recall %.4f; links %u of %u\n", all.messages, precision, recall,
                  all.links - all.links_missed, all.links);
    CHECK(all.right + all.missed >= 200 && all.messages - all.right - all.missed >= 120);
    CHECK(precision >= 0.98);
    CHECK(recall >= 0.95);
    CHECK(all.links_missed == 0);
}
