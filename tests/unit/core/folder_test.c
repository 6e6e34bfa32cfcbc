/* Folders and keywords by name: what is made, renamed, moved along, told, and not to be read by anybody else. */
#include "core/folder.h"
#include "core/keyword.h"
#include "core/mail_change.h"
#include "core/world.h"

static struct mail_at at(void)
{
    return (struct mail_at){ .store = w.store, .hub = w.hub, .loop = w.loop, .opened = w.opened };
}

/* ---- answers and events, as text ---- */
static struct store_folder one;
static char told[2048], listed[4096];
static uint32_t flags;

static void say(char *to, size_t n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(char *to, size_t n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t at_n = strlen(to);
    vsnprintf(to + at_n, n - at_n, fmt, ap);
    va_end(ap);
}

static void on_told(struct event_listener *l, const struct event *e)
{
    static const char *const changes[] = { "made", "renamed", "deleted", "subscribed", "unsubscribed" };
    (void)l;
    if (e->kind == EVENT_FOLDER_CHANGED)
        say(told, sizeof told, "%s %u %.*s<%.*s ", changes[e->change], (unsigned)e->folder, STR_FMT(e->json),
            STR_FMT(e->was));
    else if (e->kind == EVENT_MESSAGE_CHANGED)
        say(told, sizeof told, "moved %u/%u<%u/%u ", (unsigned)e->folder, (unsigned)e->uid, (unsigned)e->from_folder,
            (unsigned)e->from_uid);
    else if (e->kind == EVENT_MESSAGE_GONE)
        say(told, sizeof told, "gone %u/%u ", (unsigned)e->folder, (unsigned)e->uid);
}

static void on_folder(void *ctx, enum err e, const struct store_folder *of)
{
    (void)ctx;
    one = of == NULL ? (struct store_folder){ 0 } : *of;
    answered(e);
}

static void on_listed(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq)
{
    (void)ctx;
    CHECK(e != OK || modseq > 0);
    listed[0] = 0;
    for (size_t i = 0; i < n; i++)
        say(listed, sizeof listed, "%.*s=%u%s ", STR_FMT(all[i].name), (unsigned)all[i].at.total,
            all[i].at.subscribed ? "" : "-");
    answered(e);
}

static void settle(struct job *j)
{
    (void)j;
    answered(OK);
}
/* Lets events that were published reach their listeners. */
static void hear(void)
{
    struct job j = { .run = settle };
    loop_later(w.loop, &j);
    CHECK_OK(answer());
    struct job k = { .run = settle };
    post(w.loop, &k);
    CHECK_OK(answer());
}

static enum err create(const char *name)
{
    told[0] = 0;
    struct mail_at a = at();
    CHECK(folder_create(&a, str_c(name), FOLDER_PLAIN, on_folder, NULL) != NULL);
    CHECK(!w.answered);
    enum err e = answer();
    hear();
    return e;
}
static enum err rename_to(const char *from, const char *to)
{
    told[0] = 0;
    struct mail_at a = at();
    CHECK(folder_rename(&a, str_c(from), str_c(to), on_folder, NULL) != NULL);
    CHECK(!w.answered);
    enum err e = answer();
    hear();
    return e;
}
static enum err drop(const char *name)
{
    told[0] = 0;
    struct mail_at a = at();
    CHECK(folder_delete(&a, str_c(name), on_folder, NULL) != NULL);
    CHECK(!w.answered);
    enum err e = answer();
    hear();
    return e;
}
static enum err subscribe(const char *name, bool on)
{
    told[0] = 0;
    struct mail_at a = at();
    CHECK(folder_subscribe(&a, str_c(name), on, on_folder, NULL) != NULL);
    enum err e = answer();
    hear();
    return e;
}
static const char *list_vacant(void)
{
    struct mail_at a = at();
    CHECK(folder_list_vacant(&a, on_listed, NULL) != NULL);
    CHECK_OK(answer());
    return listed;
}

static const char *list_all(void)
{
    struct mail_at a = at();
    CHECK(folder_list(&a, on_listed, NULL) != NULL);
    CHECK(!w.answered);
    CHECK_OK(answer());
    return listed;
}
#define FIXED "INBOX=0 Junk=0 Sent=0 Drafts=0 Trash=0 "

static struct event_listener ears;
static void start(void)
{
    world_open();
    start_box();
    ears = (struct event_listener){ .box = w.box, .on = on_told };
    event_listen(w.hub, w.loop, &ears);
}
static void stop(void)
{
    event_unlisten(w.hub, &ears);
    world_close();
}

TEST(names)
{
    static const struct {
        const char *name;
        bool ok;
    } cases[] = { { "Work", true },  { "Work/2026", true }, { "\xc3\xa4\xe2\x82\xac", true },
                  { "a b", true },   { "", false },         { "/", false },
                  { "/a", false },   { "a/", false },       { "a//b", false },
                  { "a\tb", false }, { "a\x7f", false },    { "50%", true },
                  { "*", true },     { "\xff", false },     { "\xc0\xaf", false } };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(folder_name_ok(str_c(cases[i].name)), cases[i].ok);
    static char text[FOLDER_NAME_MAX + 1];
    memset(text, 'x', sizeof text);
    CHECK(folder_name_ok(str_of(text, FOLDER_NAME_MAX)));
    CHECK(!folder_name_ok(str_of(text, FOLDER_NAME_MAX + 1)));
    CHECK(folder_name_ok(S("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6")));
    CHECK(!folder_name_ok(S("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7")));
    AUTO_ARENA struct arena a = { .max = 4096 };
    CHECK_STR("canon", folder_name_canon(&a, S("inBox")), "INBOX");
    CHECK_STR("canon", folder_name_canon(&a, S("inbox/a/")), "INBOX/a");
    CHECK_STR("canon", folder_name_canon(&a, S("inboxes")), "inboxes");
    CHECK_STR("canon", folder_name_canon(&a, S("a/inbox")), "a/inbox");
    CHECK_EQ(folder_fixed_no(S("inbox")), FOLDER_INBOX);
    CHECK_EQ(folder_fixed_no(S("Trash")), FOLDER_TRASH);
    CHECK_EQ(folder_fixed_no(S("trash")), 0);
    CHECK(folder_fixed_name(0) == NULL && folder_fixed_name(6) == NULL);
    CHECK(folder_name_below(S("a/b"), S("a")) && !folder_name_below(S("ab"), S("a")) &&
          !folder_name_below(S("a"), S("a")));
}

TEST(a_folder_is_made_with_those_above_it)
{
    start();
    CHECK_STR("new box", str_c(list_all()), FIXED);
    CHECK_OK(create("Work/2026/May/"));
    CHECK_EQ(one.no, 8);
    CHECK_STR("told", str_c(told), "made 6 Work< made 7 Work/2026< made 8 Work/2026/May< ");
    CHECK_STR("list", str_c(list_all()), FIXED "Work=0- Work/2026=0- Work/2026/May=0- ");
    CHECK_EQ(create("Work"), ERR_BUSY);
    CHECK_EQ(create("Sent"), ERR_BUSY);
    CHECK_EQ(create("inbox"), ERR_BUSY);
    CHECK_EQ(create("a//b"), ERR_BAD);
    CHECK_STR("told", str_c(told), "");
    CHECK_OK(create("inbox/sub"));
    CHECK_STR("told", str_c(told), "made 9 INBOX/sub< ");
    CHECK_OK(subscribe("Work", true));
    CHECK_STR("told", str_c(told), "subscribed 6 Work< ");
    CHECK(one.subscribed && one.no == 6);
    CHECK_OK(subscribe("Work", true));
    CHECK_STR("nothing changed", str_c(told), "");
    CHECK_OK(subscribe("Junk", false));
    CHECK_EQ(subscribe("None", true), ERR_GONE);
    CHECK_STR("list", str_c(list_all()),
              "INBOX=0 Junk=0- Sent=0 Drafts=0 Trash=0 INBOX/sub=0- Work=0 Work/2026=0- Work/2026/May=0- ");
    stop();
}

TEST(a_subscribed_name_stays)
{
    start();
    CHECK_OK(create("a/b"));
    CHECK_OK(subscribe("a/b", true));
    CHECK_OK(rename_to("a", "x"));
    CHECK_STR("told", str_c(told), "renamed 6 x<a renamed 7 x/b<a/b ");
    CHECK_STR("no folder", str_c(list_all()), FIXED "x=0- x/b=0 ");
    CHECK_STR("a name", str_c(list_vacant()), FIXED "a/b=0 x=0- x/b=0 ");
    CHECK_EQ(folder_no(w.opened, S("a/b")), 0);
    CHECK_OK(drop("x/b"));
    CHECK_STR("and another", str_c(list_vacant()), FIXED "a/b=0 x=0- x/b=0 ");
    CHECK_OK(subscribe("x/b", true));
    CHECK_STR("nothing changed", str_c(told), "");
    CHECK(one.no == 0 && one.subscribed);
    CHECK_OK(subscribe("x/b", false));
    CHECK_STR("told", str_c(told), "unsubscribed 0 x/b< ");
    CHECK(!one.subscribed);
    CHECK_EQ(subscribe("x/b", false), ERR_GONE);
    CHECK_EQ(drop("a/b"), ERR_GONE);
    CHECK_EQ(rename_to("a/b", "c"), ERR_GONE);
    CHECK_OK(create("a/b"));
    CHECK(one.subscribed);
    CHECK_STR("made again", str_c(list_vacant()), FIXED "a=0- a/b=0 x=0- ");
    stop();
}

TEST(children_move_along)
{
    start();
    CHECK_OK(create("a/b/c"));
    CHECK_OK(create("ab"));
    CHECK_OK(rename_to("a", "x/y"));
    CHECK_STR("told", str_c(told), "made 10 x< renamed 6 x/y<a renamed 8 x/y/b/c<a/b/c renamed 7 x/y/b<a/b ");
    CHECK_EQ(one.no, 6);
    CHECK_STR("list", str_c(list_all()), FIXED "ab=0- x=0- x/y=0- x/y/b=0- x/y/b/c=0- ");
    CHECK_EQ(rename_to("x", "x/z"), ERR_BAD); /* into itself */
    CHECK_EQ(rename_to("x", "ab"), ERR_BUSY);
    CHECK_EQ(rename_to("none", "z"), ERR_GONE);
    CHECK_EQ(rename_to("Trash", "Bin"), ERR_DENIED);
    CHECK_EQ(rename_to("x", "Trash"), ERR_BUSY);
    CHECK_EQ(rename_to("x", ""), ERR_BAD);
    char deep[FOLDER_NAME_MAX + 1];
    memset(deep, 'd', sizeof deep);
    deep[FOLDER_NAME_MAX - 3] = 0;
    CHECK_EQ(rename_to("x", deep), ERR_BAD);                          /* its children's names would be too long */
    CHECK_EQ(rename_to("x", "1/2/3/4/5/6/7/8/9/0/1/2/3/4"), ERR_BAD); /* or too deep */
    CHECK_STR("as it was", str_c(list_all()), FIXED "ab=0- x=0- x/y=0- x/y/b=0- x/y/b/c=0- ");
    CHECK_OK(drop("x"));
    CHECK_OK(rename_to("x/y", "x")); /* x/y/b becomes x/b, x itself is free */
    CHECK_STR("list", str_c(list_all()), FIXED "ab=0- x=0- x/b=0- x/b/c=0- ");
    stop();
}

static void on_moved_mail(void *ctx, enum err e, const struct store_move *m)
{
    (void)ctx;
    (void)m;
    answered(e);
}

TEST(inbox_is_emptied_not_renamed)
{
    start();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(deliver_text(S("Subject: second\r\n\r\nx\r\n")));
    CHECK_OK(create("INBOX/kept"));
    CHECK_OK(rename_to("Inbox", "old/mail"));
    CHECK_STR("told", str_c(told), "made 7 old< made 8 old/mail< moved 8/1<1/1 moved 8/2<1/2 ");
    CHECK_STR("list", str_c(list_all()), "INBOX=0 Junk=0 Sent=0 Drafts=0 Trash=0 INBOX/kept=0- old=0- old/mail=2- ");
    CHECK_OK(drop("old/mail"));
    CHECK_STR("told", str_c(told), "gone 8/1 gone 8/2 deleted 8 old/mail< ");
    CHECK_EQ(one.no, 8);
    CHECK_EQ(drop("old/mail"), ERR_GONE);
    CHECK_EQ(drop("INBOX"), ERR_DENIED);
    CHECK_OK(drop("old"));
    CHECK_OK(deliver_text(S("Subject: third\r\n\r\nx\r\n")));
    CHECK_OK(list((struct mail_query){ .limit = 1 }));
    struct mail_at a = at();
    CHECK(mail_move(&a, &(struct store_pick){ .ids = &w.first, .n = 1 }, 8, on_moved_mail, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED); /* into a folder that was deleted */
    stop();
}

static bool on_disk(const char *text)
{
    char command[512];
    snprintf(command, sizeof command, "grep -rqF '%s' %s", text, test_dir());
    return system(command) == 0;
}

/* Another session: what it knows without asking follows what it is told, and what it lists is opened with its own keys.
 */
TEST(others_learn_names_by_events)
{
    start();
    struct opened *first = opened_hold(w.opened);
    CHECK(mailbox_cred_add(w.boxes, w.opened, CRED_TOKEN, S(""), on_cred, NULL) != NULL);
    CHECK_OK(answer());
    char token[64];
    copy(token, sizeof token, str_c(w.secret));
    CHECK_OK(open_token(token)); /* w.opened is the other session now */
    CHECK(w.opened != first);
    CHECK(folder_names_known(first)); /* there never was a made one */
    struct opened *second = w.opened;
    w.opened = first;
    CHECK_OK(create("secret name"));
    w.opened = second;
    CHECK_STR("by event", folder_name(second, 6), "secret name");
    CHECK_EQ(folder_no(second, S("secret name")), 6);
    CHECK_EQ(folder_no(second, S("Secret name")), 0);
    CHECK_STR("fixed", folder_name(second, FOLDER_DRAFTS), "Drafts");
    CHECK_EQ(folder_no(second, S("inbox")), FOLDER_INBOX);
    CHECK_OK(rename_to("secret name", "other"));
    CHECK_STR("by event", folder_name(first, 6), "other");
    CHECK_OK(open_token(w.token)); /* cached: the same */
    CHECK(w.opened == first);
    CHECK_STR("list", str_c(list_all()), FIXED "other=0- ");
    CHECK(!on_disk("secret name"));
    CHECK(on_disk("mayfly store")); /* what lies open is found */
    CHECK_OK(drop("other"));
    CHECK_EQ(folder_name(first, 6).n, 0);
    opened_release(first);
    stop();
}

TEST(a_name_is_read_by_its_holder_alone)
{
    AUTO_BUF struct buf sealed = { .max = 2048 };
    uint8_t hash[NAME_HASH_N], again[NAME_HASH_N], other[NAME_HASH_N];
    struct str name;
    start();
    CHECK_OK(opened_name_hash(w.opened, NAME_FOLDER, S("Work"), hash));
    CHECK_OK(opened_name_seal(w.opened, hash, S("Work"), &sealed));
    CHECK(sealed.n <= STORE_NAME_MAX);
    CHECK(str_find_nocase(buf_str(&sealed), S("Work")) == STR_NONE);
    CHECK_OK(opened_name_learn(w.opened, NAME_FOLDER, 6, hash, buf_str(&sealed), &name));
    CHECK_STR("opened", name, "Work");
    buf_clear(&sealed);
    CHECK_OK(opened_name_hash(w.opened, NAME_FOLDER, S("Play"), other));
    CHECK_OK(opened_name_seal(w.opened, other, S("Play"), &sealed));
    CHECK_OK(opened_name_learn(w.opened, NAME_FOLDER, 6, other, buf_str(&sealed), &name));
    CHECK_STR("renamed", name, "Play"); /* another hash: what was kept is not it any more */
    buf_clear(&sealed);
    CHECK_OK(opened_name_seal(w.opened, hash, S("Work"), &sealed));
    CHECK_OK(opened_name_hash(w.opened, NAME_KEYWORD, S("Work"), other));
    CHECK(memcmp(hash, other, sizeof hash) != 0);
    CHECK_OK(opened_name_hash(w.opened, NAME_KEYWORD, S("wORK"), again));
    CHECK(memcmp(again, other, sizeof hash) == 0); /* keywords in any case */
    CHECK_OK(opened_name_hash(w.opened, NAME_FOLDER, S("wORK"), again));
    CHECK(memcmp(again, hash, sizeof hash) != 0); /* folders are not */
    w.opened->lease[0] ^= 1;                      /* with the key alone, once the lease is overwritten */
    CHECK_OK(opened_name_hash(w.opened, NAME_FOLDER, S("Work"), again));
    CHECK(memcmp(again, hash, sizeof hash) != 0);
    CHECK_EQ(opened_name_learn(w.opened, NAME_FOLDER, 9, hash, buf_str(&sealed), &name), ERR_BAD);
    w.opened->lease[0] ^= 1;
    again[0] ^= 1; /* under another hash it does not open */
    CHECK_EQ(opened_name_learn(w.opened, NAME_FOLDER, 7, again, buf_str(&sealed), &name), ERR_BAD);
    sealed.p[sealed.n - 1] ^= 1;
    CHECK_EQ(opened_name_learn(w.opened, NAME_FOLDER, 8, hash, buf_str(&sealed), &name), ERR_BAD);
    sealed.p[sealed.n - 1] ^= 1;
    struct opened *mine = w.opened;
    w.opened = NULL;
    event_unlisten(w.hub, &w.listener);
    start_box(); /* somebody else's box */
    CHECK_EQ(opened_name_learn(w.opened, NAME_FOLDER, 6, hash, buf_str(&sealed), &name), ERR_BAD);
    CHECK_OK(opened_name_hash(w.opened, NAME_FOLDER, S("Work"), other));
    CHECK(memcmp(hash, other, sizeof hash) != 0);
    opened_release(mine);
    stop();
}

TEST(names_survive_a_change_of_keys)
{
    start();
    CHECK_OK(create("kept"));
    CHECK(mailbox_cred_add(w.boxes, w.opened, CRED_RECOVERY, S(""), on_cred, NULL) != NULL); /* revokes the old words */
    CHECK_OK(answer());
    CHECK_EQ(w.opened->generations, 2);
    CHECK_OK(create("after"));
    CHECK_EQ(create("kept"), ERR_BUSY); /* the hash is the same under every generation */
    CHECK_OK(open_token(w.token));
    CHECK_STR("list", str_c(list_all()), FIXED "after=0- kept=0- ");
    stop();
}

static void on_flags(void *ctx, enum err e, uint32_t f)
{
    (void)ctx;
    flags = f;
    answered(e);
}

static enum err put(const struct str *names, size_t n)
{
    struct mail_at a = at();
    CHECK(keyword_put(&a, names, n, on_flags, NULL) != NULL);
    CHECK(!w.answered);
    return answer();
}

static void on_keywords(void *ctx, enum err e, const struct keyword *all, size_t n)
{
    (void)ctx;
    listed[0] = 0;
    for (size_t i = 0; i < n; i++)
        say(listed, sizeof listed, "%.*s=%x ", STR_FMT(all[i].name), (unsigned)all[i].flag);
    answered(e);
}

TEST(keywords)
{
    start();
    CHECK_OK(put((struct str[]){ S("$Forwarded"), S("work"), S("$FORWARDED") }, 3));
    CHECK_EQ(flags, FLAG_KEYWORD(0) | FLAG_KEYWORD(1));
    CHECK_STR("known", keyword_name(w.opened, FLAG_KEYWORD(1)), "work");
    CHECK_EQ(keyword_name(w.opened, FLAG_KEYWORD(2)).n, 0);
    CHECK_OK(put((struct str[]){ S("Work") }, 1));
    CHECK_EQ(flags, FLAG_KEYWORD(1));
    CHECK_OK(put(NULL, 0));
    CHECK_EQ(flags, 0);
    CHECK_EQ(put((struct str[]){ S("") }, 1), ERR_BAD);
    for (unsigned i = 2; i <= STORE_KEYWORDS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%u", i);
        CHECK_EQ(put((struct str[]){ str_c(name) }, 1), i < STORE_KEYWORDS_MAX ? OK : ERR_FULL);
    }
    struct mail_at a = at();
    CHECK(keyword_list(&a, on_keywords, NULL) != NULL);
    CHECK_OK(answer());
    CHECK(str_starts(str_c(listed), S("$Forwarded=100 work=200 k2=400 ")));
    stop();
}

TEST(a_cancelled_change_is_made_and_told)
{
    start();
    told[0] = 0;
    struct mail_at a = at();
    folder_cancel(folder_create(&a, S("quiet"), FOLDER_PLAIN, on_folder, NULL));
    folder_cancel(folder_list(&a, on_listed, NULL));
    keyword_cancel(keyword_list(&a, on_keywords, NULL));
    CHECK_STR("afterwards", str_c(list_all()), FIXED);
    while (told[0] == 0)
        hear();
    CHECK_STR("told", str_c(told), "made 6 quiet< ");
    CHECK_STR("there", str_c(list_all()), FIXED "quiet=0- ");
    stop();
}
