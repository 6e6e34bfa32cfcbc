/* Two clients of the box in memory: what they say, and what they hear of it. */
#pragma once
#include "imap_fake.h"
#include "test.h"

[[maybe_unused]] static struct fake_client one, two;

/* What it says to in, and nothing else. */
static const char *say(struct fake_client *c, const char *in)
{
    c->out.n = 0;
    size_t took = fake_feed(c, str_c(in));
    CHECK(took == strlen(in) || c->s.mode == IMAP_CLOSED);
    buf_putc(&c->out, '\0');
    c->out.n--;
    return c->out.p;
}

static bool has(const char *said, const char *want)
{
    if (strstr(said, want) != NULL)
        return true;
    print_error("wanted:\n%s\ngot:\n%s\n", want, said);
    return false;
}
static bool lacks(const char *said, const char *what)
{
    if (strstr(said, what) == NULL)
        return true;
    print_error("not wanted:\n%s\ngot:\n%s\n", what, said);
    return false;
}

static void start(struct fake_client *c, size_t i)
{
    fake_client_open(c, i);
    imap_greet(&c->s);
    CHECK(has(say(c, "l LOGIN box@test secret\r\n"), "l OK [CAPABILITY IMAP4rev1 "));
}

static const char text[] = "From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n"
                           "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nbody text\r\n";

static void fill(size_t n)
{
    for (size_t i = 0; i < n; i++)
        fake_add(FOLDER_INBOX, str_c(text), 0, 0);
}

/* What it was told since, without asking. */
static const char *hear(struct fake_client *c)
{
    fake_pump(c);
    buf_putc(&c->out, '\0');
    c->out.n--;
    return c->out.p;
}
