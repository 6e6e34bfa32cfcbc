/* Over no resolver at all, and over one that never answers: what is asked fails, at once or at the deadline. */
#include "test.h"
#include "trust/inquiry.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHAIN = 5, DEADLINE_MS = 100, LONG_MS = 60000 };
static struct loop *loop;
static struct asker {
    struct inquiry *q;
    int rounds, done, names; /* names: how many are asked for, each only once the one before has failed */
    enum err said;
} asker;

static enum err check(void *ctx, struct answers *as)
{
    struct asker *a = ctx;
    a->rounds++;
    for (int i = 0; i < a->names; i++) {
        char name[32];
        const struct answer *found;
        snprintf(name, sizeof name, "%d.example", i);
        enum err e = answers_get(as, str_c(name), DNS_A, &found);
        if (e != OK)
            return e;
        CHECK_EQ(found->status, ANSWER_FAILED);
    }
    return OK;
}

static void on_done(void *ctx, enum err e)
{
    struct asker *a = ctx;
    a->done++;
    a->said = e;
    inquiry_free(a->q);
    loop_stop(loop);
}

static void start(struct dns *dns, int names, int64_t deadline_ms)
{
    struct inquiry_opts o = {
        .dns = dns, .loop = loop, .deadline_ms = deadline_ms, .check = check, .done = on_done, .ctx = &asker
    };
    asker = (struct asker){ .names = names };
    CHECK_OK(inquiry_start(&o, &asker.q));
    CHECK_EQ(asker.rounds, 0); /* never before it returns */
}

TEST(without_a_resolver_all_fails_at_once)
{
    CHECK_OK(loop_new(&loop));
    start(NULL, CHAIN, LONG_MS);
    loop_run(loop);
    CHECK(asker.done == 1 && asker.said == OK);
    CHECK_EQ(asker.rounds, CHAIN + 1);
    loop_free(loop);
}

TEST(what_asks_nothing_is_done_in_one_round)
{
    CHECK_OK(loop_new(&loop));
    start(NULL, 0, LONG_MS);
    loop_run(loop);
    CHECK(asker.done == 1 && asker.rounds == 1);
    loop_free(loop);
}

TEST(more_questions_than_there_may_be_fail_too)
{
    CHECK_OK(loop_new(&loop));
    start(NULL, LIMIT_ANSWERS + CHAIN, LONG_MS);
    loop_run(loop);
    CHECK(asker.done == 1 && asker.said == OK);
    loop_free(loop);
}

static struct dns *silent(int *fd)
{
    static char text[32];
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    *fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(bind(*fd, (struct sockaddr *)&at, n) == 0 && getsockname(*fd, (struct sockaddr *)&at, &n) == 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(at.sin_port));
    struct str endpoint = str_c(text);
    struct dns_opts o = { .forward = &endpoint, .forward_n = 1, .timeout_ms = LONG_MS };
    struct dns *d = NULL;
    CHECK_OK(dns_start(&o, &d));
    return d;
}

TEST(the_deadline_ends_it)
{
    int fd;
    CHECK_OK(loop_new(&loop));
    struct dns *d = silent(&fd);
    start(d, CHAIN, DEADLINE_MS);
    loop_run(loop);
    CHECK(asker.done == 1 && asker.said == OK);
    dns_stop(d); /* its answers find nobody */
    dns_free(d);
    loop_free(loop);
    close(fd);
}

TEST(freed_it_calls_nobody)
{
    int fd;
    CHECK_OK(loop_new(&loop));
    struct dns *d = silent(&fd);
    start(d, CHAIN, LONG_MS);
    inquiry_free(asker.q);
    dns_stop(d);
    dns_free(d);
    loop_free(loop); /* runs what is queued */
    CHECK_EQ(asker.done, 0);
    CHECK_EQ(asker.rounds, 0);
    close(fd);
}

/* ---- no room ---- */
static void on_other(void *, const struct dns_answer *) {}

static enum err check_policy(void *ctx, struct answers *as)
{
    const struct answer *found;
    ((struct asker *)ctx)->rounds++;
    return answers_get(as, ((struct asker *)ctx)->names ? S("_dmarc.author.example") : S("author.example"), DNS_TXT,
                       &found);
}

/* Others' questions have all the room; what the inquiry says of it. */
static enum err said_in_a_crowd(bool policy)
{
    int fd;
    CHECK_OK(loop_new(&loop));
    struct dns *d = silent(&fd);
    for (int i = 0; i < DNS_OPEN_MAX; i++) {
        char name[48];
        snprintf(name, sizeof name, "_dmarc.%d.example", i);
        CHECK(dns_ask(d, loop, DNS_VITAL, str_c(name), DNS_TXT, on_other, NULL) != NULL);
    }
    struct inquiry_opts o = {
        .dns = d, .loop = loop, .deadline_ms = LONG_MS, .check = check_policy, .done = on_done, .ctx = &asker
    };
    asker = (struct asker){ .names = policy };
    CHECK_OK(inquiry_start(&o, &asker.q));
    loop_run(loop);
    dns_stop(d);
    dns_free(d);
    loop_free(loop);
    close(fd);
    CHECK_EQ(asker.done, 1);
    return asker.said;
}

TEST(a_policy_that_there_was_no_room_to_ask_for_is_not_taken_for_none)
{
    CHECK_EQ(said_in_a_crowd(true), ERR_BUSY);
    CHECK_OK(said_in_a_crowd(false)); /* the rest only weighs */
}

/* ---- signatures ---- */
enum { SIGNATURES = 20 };

/* As the checks of a message with many signatures do it: those that a round may not check wait for the next one. */
static enum err check_signatures(void *ctx, struct answers *as)
{
    struct asker *a = ctx;
    int before = a->names;
    a->rounds++;
    while (a->names < SIGNATURES && answers_may_verify(as))
        a->names++;
    CHECK(a->names - before <= LIMIT_VERIFIED);
    return a->names < SIGNATURES ? ERR_MORE : OK;
}

static void start_signatures(int64_t deadline_ms)
{
    struct inquiry_opts o = {
        .loop = loop, .deadline_ms = deadline_ms, .check = check_signatures, .done = on_done, .ctx = &asker
    };
    asker = (struct asker){ .names = 0 };
    CHECK_OK(inquiry_start(&o, &asker.q));
}

TEST(signatures_are_checked_over_many_turns)
{
    CHECK_OK(loop_new(&loop));
    start_signatures(LONG_MS);
    loop_run(loop);
    CHECK(asker.done == 1 && asker.said == OK && asker.rounds >= SIGNATURES);
    loop_free(loop);
}

TEST(also_after_the_deadline)
{
    CHECK_OK(loop_new(&loop));
    start_signatures(0);
    loop_run(loop);
    CHECK(asker.done == 1 && asker.said == OK && asker.rounds >= SIGNATURES);
    loop_free(loop);
}

/* ---- the end ---- */
TEST(what_is_asked_behind_the_end_fails)
{
    int fd;
    CHECK_OK(loop_new(&loop));
    struct dns *d = silent(&fd);
    start(d, CHAIN, LONG_MS);
    dns_stop(d); /* as a large mail is asked about that was still being hashed */
    loop_run(loop);
    dns_free(d);
    CHECK(asker.done == 1 && asker.said == OK);
    CHECK_EQ(asker.rounds, CHAIN + 1);
    loop_free(loop);
    close(fd);
}

/* Over a resolver that never answers, all that a message may have under way goes out in the first round. */
static enum err check_many(void *, struct answers *as)
{
    const struct answer *found;
    size_t asked = 0;
    for (int i = 0; i < 2 * LIMIT_ASKED; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.example", i);
        (void)answers_get(as, str_c(name), DNS_A, &found);
    }
    for (size_t i = 0; i < as->n; i++)
        asked += as->v[i].status == ANSWER_ASKED;
    CHECK(asked == 0 || asked == LIMIT_ASKED);
    if (asked == LIMIT_ASKED)
        return OK;
    CHECK(answers_may_verify(as)); /* another round comes without an answer */
    return ERR_MORE;
}

TEST(not_all_is_asked_at_once)
{
    int fd;
    CHECK_OK(loop_new(&loop));
    struct dns *d = silent(&fd);
    struct inquiry_opts o = {
        .dns = d, .loop = loop, .deadline_ms = LONG_MS, .check = check_many, .done = on_done, .ctx = &asker
    };
    asker = (struct asker){ .names = 0 };
    CHECK_OK(inquiry_start(&o, &asker.q));
    loop_run(loop);
    CHECK(asker.done == 1 && asker.said == OK);
    dns_stop(d);
    dns_free(d);
    loop_free(loop);
    close(fd);
}
