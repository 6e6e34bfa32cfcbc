/* A submitted message: what may leave has one From, the box's own, ends its lines with CRLF, and tells nobody of Bcc or
 * of the way it came here; taken for a submission once more, it is fine and stays as it is but for our own trace. What
 * is signed of it is well-formed. */
#include "core/send_fix.h"
#include "base/text.h"
#include "core/send_known.h"
#include "wire/addr.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ARENA_N = 16 << 20, OUT_MAX = 1 << 20 };
static const struct send_fix fix = { .own = STR("a@box.example"),
                                     .hostname = STR("mx.example"),
                                     .message_id = STR("<new@box.example>"),
                                     .id = STR("0a1b"),
                                     .protocol = "ESMTPSA",
                                     .now_ms = 1700000000000 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_lines(struct str s)
{
    for (size_t i = 0, begin = 0; i < s.n; i++) {
        must(i - begin <= LIMIT_SENT_LINE + 1 && (unsigned char)s.p[i] != 0x1b && s.p[i] != 0);
        if (s.p[i] == '\n')
            begin = i + 1;
        must(s.p[i] != '\n' || (i > 0 && s.p[i - 1] == '\r'));
        must(s.p[i] != '\r' || (i + 1 < s.n && s.p[i + 1] == '\n'));
    }
}

/* No '@' but the address's own, in what any reader could take for one. */
static void check_author(struct str head)
{
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    struct addr_list l;
    struct str raw = header_find(head, S("From"));
    must(addr_list_parse(&a, raw, &l) == OK && l.n == 1 && !l.broken && l.v[0].route.n == 0 &&
         utf8_ascii(raw) == raw.n);
    must(str_ends_nocase(l.v[0].text, S("@box.example")));
    must(str_chr(l.v[0].name, '@') == STR_NONE || str_starts_nocase(l.v[0].name, S("a")));
    must(str_chr(raw, ',') == STR_NONE || str_chr(raw, '"') != STR_NONE);
}

static void check_head(struct str head)
{
    static const struct str never[] = {
        STR("Bcc"),        STR("User-Agent"),      STR("X-Mailer"), STR("Return-Path"), STR("DKIM-Signature"),
        STR("X-Received"), STR("X-Forwarded-For"), STR(">From")
    };
    check_lines(head);
    check_author(head);
    must(header_count(head, S("From")) == 1 && header_count(head, S("Received")) == 1);
    must(header_count(head, S("Date")) == 1 && header_count(head, S("Message-ID")) == 1);
    for (size_t i = 0; i < COUNT(never); i++)
        must(header_count(head, never[i]) == 0);
}

static void check_writer(void *ctx, struct str key)
{
    (void)ctx;
    must(key.n > 0 && str_chr(key, '@') != STR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = ARENA_N }, b = { .max = ARENA_N };
    AUTO_BUF struct buf out = { .max = OUT_MAX }, again = { .max = OUT_MAX };
    struct str msg = str_of(data, n);
    struct send_head h, h2;
    send_known_each(msg, msg.n % 2 == 0, check_writer, NULL);
    if (n > OUT_MAX / 2 || send_head_check(msg, S("a@box.example"), &a, &h) != SEND_OK)
        return 0;
    must(h.at.body <= n);
    send_fix_leaving(&out, msg, &h, &fix);
    must(!out.failed);
    check_head(buf_str(&out));
    must(send_head_check(buf_str(&out), S("a@box.example"), &b, &h2) == SEND_OK && h2.has_date && h2.message_id.n > 0);
    must(h2.received == h.received + 1);
    h2.received = h.received;
    send_fix_leaving(&again, buf_str(&out), &h2, &fix);
    must(str_eq(buf_str(&again), buf_str(&out)));
    buf_clear(&out);
    send_fix_copy(&out, msg, &h, &fix);
    must(!out.failed && header_count(buf_str(&out), S("From")) == 1);
    return 0;
}
