/* Where a box's mail goes: asked, said yes to, found again, and unreadable once its lease is gone. */
#include "base/crypto.h"
#include "core/forward.h"
#include "io/file.h"
#include "test.h"
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

enum { ARENA_N = 65536, DAY_MS = 24 * 3600 * 1000, TEXT_MAX = 4096 };
static const struct box_id box = { { 1 } }, other = { { 2 } };
static const uint8_t lease[KEY_N] = { 7 }, wrong[KEY_N] = { 8 };
#define TO "reader@far.example"
#define FROM "box@here.example"

static struct forwards *begin(const char *which)
{
    static char dir[256], key[256];
    struct forwards *f = NULL;
    snprintf(dir, sizeof dir, "%s/%s", test_dir(), which);
    snprintf(key, sizeof key, "%s/%s.key", test_dir(), which);
    CHECK_EQ(forwards_new(&(struct forwards_opts){ dir, key }, &f), OK);
    return f;
}

/* What is there: FORWARD_ON and its like. */
static enum forward_state state(struct forwards *f, const struct box_id *of, const uint8_t *with)
{
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    struct forward x;
    CHECK_EQ(forwards_get(f, of, with, &a, &x), OK);
    CHECK(x.state == FORWARD_NONE || str_eq(x.to, S(TO)));
    return x.state;
}

/* The path of the one file, or no file. */
static bool file(const char *which, char path[600], struct str *name)
{
    char dir[256];
    bool found = false;
    snprintf(dir, sizeof dir, "%s/%s", test_dir(), which);
    DIR *d = opendir(dir);
    CHECK(d != NULL);
    for (struct dirent *it = readdir(d); it; it = readdir(d))
        if (it->d_name[0] != '.') {
            CHECK(!found);
            found = true;
            snprintf(path, 600, "%s/%s", dir, it->d_name);
        }
    closedir(d);
    *name = found ? str_from(str_c(path), str_rchr(str_c(path), '/') + 1) : (struct str){ 0 };
    return found;
}

static void say_yes(struct forwards *f)
{
    char token[FORWARD_TOKEN_N + 1];
    CHECK_EQ(forwards_ask(f, &box, lease, S(FROM), S(TO), 0, token), OK);
    CHECK_EQ(forwards_confirm(f, str_c(token), DAY_MS - 1), OK);
    CHECK_EQ(forwards_confirm(f, str_c(token), DAY_MS + 1), OK); /* once more */
}

TEST(a_link_serves_once_and_for_a_day)
{
    char token[FORWARD_TOKEN_N + 1], path[600];
    struct str name;
    struct forwards *f = begin("link");
    CHECK_EQ(state(f, &box, lease), FORWARD_NONE);
    CHECK_EQ(forwards_ask(f, &box, lease, S(FROM), S(TO), 0, token), OK);
    CHECK_EQ(state(f, &box, NULL), FORWARD_ASKED);
    CHECK(!file("link", path, &name));
    CHECK_EQ(forwards_confirm(f, str_c(token), DAY_MS), ERR_GONE);
    say_yes(f);
    CHECK_EQ(state(f, &box, NULL), FORWARD_ON);
    CHECK_EQ(state(f, &other, lease), FORWARD_NONE);
    CHECK(file("link", path, &name));
    CHECK_EQ(forwards_ask(f, &box, lease, S(FROM), S(TO), 0, token), OK); /* in its place */
    CHECK(!file("link", path, &name));
    forwards_free(f);
    f = begin("link"); /* what was only asked is forgotten */
    CHECK_EQ(state(f, &box, lease), FORWARD_NONE);
    CHECK_EQ(forwards_confirm(f, str_c(token), 0), ERR_GONE);
    forwards_free(f);
}

/* What the link is of; FORWARD_NONE: of nothing. */
static enum forward_state look(struct forwards *f, const char *token, int64_t now_ms, struct str from)
{
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    struct forward x = { 0 };
    if (forwards_look(f, str_c(token), now_ms, &a, &x) != OK)
        return FORWARD_NONE;
    CHECK(str_eq(x.to, S(TO)) && str_eq(x.from, from));
    return x.state;
}

TEST(the_link_shows_what_it_is_of_and_ends_it)
{
    char token[FORWARD_TOKEN_N + 1], path[600];
    struct str name;
    struct forwards *f = begin("refused");
    CHECK_EQ(look(f, "", 0, S("")), FORWARD_NONE);
    CHECK_EQ(forwards_ask(f, &box, lease, S(FROM), S(TO), 0, token), OK);
    CHECK_EQ(look(f, token, 1, S(FROM)), FORWARD_ASKED);
    CHECK_EQ(look(f, token, DAY_MS, S(FROM)), FORWARD_NONE);
    CHECK_EQ(forwards_refuse(f, str_c(token), DAY_MS), ERR_GONE);
    CHECK_EQ(forwards_refuse(f, str_c(token), 1), OK);
    CHECK_EQ(state(f, &box, lease), FORWARD_NONE);
    CHECK_EQ(forwards_confirm(f, str_c(token), 1), ERR_GONE);
    CHECK_EQ(forwards_ask(f, &box, lease, S(FROM), S(TO), 0, token), OK);
    CHECK_EQ(forwards_confirm(f, str_c(token), 1), OK);
    CHECK_EQ(look(f, token, 9 * DAY_MS, S(FROM)), FORWARD_ON);
    forwards_free(f);
    f = begin("refused"); /* it still leads there, once the box was met */
    CHECK_EQ(look(f, token, 9 * DAY_MS, S("")), FORWARD_NONE);
    CHECK_EQ(state(f, &box, lease), FORWARD_ON);
    CHECK_EQ(look(f, token, 9 * DAY_MS, S("")), FORWARD_ON);
    CHECK_EQ(forwards_refuse(f, str_c(token), 9 * DAY_MS), OK);
    CHECK_EQ(state(f, &box, lease), FORWARD_NONE);
    CHECK(!file("refused", path, &name));
    forwards_free(f);
}

TEST(a_long_address_has_no_room_for_its_link)
{
    char token[FORWARD_TOKEN_N + 1], to[FORWARD_ADDRESS_MAX + 1];
    for (size_t n = 221; n <= FORWARD_ADDRESS_MAX; n++) {
        AUTO_ARENA struct arena a = { .max = ARENA_N };
        struct forward x;
        memset(to, 'a', n);
        to[n] = 0;
        struct forwards *f = begin("long");
        CHECK_EQ(forwards_ask(f, &box, lease, S(FROM), str_c(to), 0, token), OK);
        CHECK_EQ(forwards_confirm(f, str_c(token), 1), OK);
        forwards_free(f);
        f = begin("long");
        CHECK_EQ(forwards_get(f, &box, lease, &a, &x), OK);
        CHECK(x.state == FORWARD_ON && str_eq(x.to, str_c(to)));
        CHECK_EQ(forwards_look(f, str_c(token), 1, &a, &x), n <= 222 ? OK : ERR_GONE);
        forwards_free(f);
    }
}

TEST(it_is_found_again_and_ends)
{
    char path[600];
    struct str name;
    struct forwards *f = begin("again");
    say_yes(f);
    forwards_free(f);
    f = begin("again");
    CHECK_EQ(state(f, &box, NULL), FORWARD_NONE); /* nobody has told the lease yet */
    CHECK_EQ(state(f, &box, lease), FORWARD_ON);
    CHECK_EQ(state(f, &box, NULL), FORWARD_ON);
    forwards_free(f);
    f = begin("again");
    forwards_end(f, &box); /* of a box that was not met since the start */
    CHECK(!file("again", path, &name));
    CHECK_EQ(state(f, &box, lease), FORWARD_NONE);
    forwards_free(f);
}

/* All that lies in the data folder after the box's end, if it was copied before: the file and forward.key. */
TEST(the_disk_alone_opens_nothing)
{
    char path[600], key[256];
    struct str name;
    uint8_t plain[TEXT_MAX];
    AUTO_BUF struct buf k = { .max = KEY_N }, text = { .max = TEXT_MAX };
    struct forwards *f = begin("disk");
    say_yes(f);
    forwards_free(f);
    snprintf(key, sizeof key, "%s/disk.key", test_dir());
    CHECK(file("disk", path, &name));
    CHECK_EQ(file_load(key, KEY_N, &k), OK);
    CHECK_EQ(file_load(path, TEXT_MAX, &text), OK);
    CHECK(str_find(buf_str(&text), S("far.example")) == STR_NONE);
    CHECK(str_find(buf_str(&text), box_id_str(&box)) == STR_NONE);
    struct str sealed = str_from(buf_str(&text), AEAD_NONCE_N);
    CHECK(aead_open(plain, (const uint8_t *)k.p, (const uint8_t *)text.p, name, sealed) != OK);
    /* nor does the server, with a lease that was overwritten: what is of no use goes */
    f = begin("disk");
    CHECK_EQ(state(f, &box, wrong), FORWARD_NONE);
    CHECK(!file("disk", path, &name));
    forwards_free(f);
}
