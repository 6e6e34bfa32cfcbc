/* mayfly ban list | add NETWORK [DURATION] | lift NETWORK|ID|all. A network is read here and never written: what is
 * shown of a ban is a short id under a key of this process, why, and how long it lasts. */
#include "app/operate.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum { BANS_MAX = 2048, BAN_TEXT_MAX = 256 * 1024, ID_HEX = 8 };
static const int64_t BAN_MS = 3600 * 1000, BAN_LONGEST_MS = INT64_C(3650) * 24 * 3600 * 1000;

static void put_line(struct buf *out, const uint8_t id[4], const char *who, const char *why, int64_t left_ms)
{
    char hex[ID_HEX];
    text_hex(hex, str_of(id, 4));
    buf_printf(out, "%.*s  %-8s  %-8s  %lld s left\n", ID_HEX, hex, who, why, (long long)(left_ms + 999) / 1000);
}

static void list_bans(struct app *a, struct ctl_req *r)
{
    struct standing_ban *earned = calloc(BANS_MAX, sizeof *earned);
    struct access_ban *given = calloc(LIMIT_ACCESS_BANS, sizeof *given);
    AUTO_BUF struct buf out = { .max = BAN_TEXT_MAX };
    int64_t now_ms = loop_now_ms(a->loop);
    if (earned && given) {
        size_t n = standing_list(a->standing, now_ms, earned, BANS_MAX);
        size_t m = access_list(a->access, now_ms, given, LIMIT_ACCESS_BANS);
        buf_printf(&out, "%zu banned\n", n + m);
        for (size_t i = 0; i < m; i++)
            put_line(&out, given[i].id, "all", "operator", given[i].left_ms);
        for (size_t i = 0; i < MIN(n, (size_t)BANS_MAX); i++)
            put_line(&out, earned[i].id, standing_side_name(earned[i].side), standing_event_name(earned[i].reason),
                     earned[i].left_ms);
        ctl_ok(r, buf_str(&out));
    } else {
        ctl_error(r, "out of memory");
    }
    free(earned);
    free(given);
}

static void add_ban(struct app *a, struct ctl_req *r, struct str network, struct str duration)
{
    struct network net;
    int64_t ms = BAN_MS;
    if (network_parse(network, &net) != OK)
        ctl_error(r,
                  "not a network like 192.0.2.0/24 or 2001:db8::/32 (nothing set behind the prefix), or one address");
    else if (duration.n > 0 && (!str_to_duration_ms(duration, &ms) || ms <= 0))
        ctl_error(r, "not a duration like 90s, 10m, 24h or 7d");
    else if (ms > BAN_LONGEST_MS)
        ctl_error(r, "too long: access.deny in the configuration is for good");
    else if (access_allows(a->access, &net))
        ctl_error(r, "not banned: access.allow holds that network, and goes before all bans");
    else if (access_ban(a->access, &net, ms, loop_now_ms(a->loop)) != OK)
        ctl_error(r, "too many: the deny list (access.deny) holds more");
    else
        ctl_ok(r, net.bits == 0 ? S("banned: everybody, but for whom access.allow names\n") : S("banned\n"));
}

/* The networks that core/standing counts by: what was given, or the one around it. */
static size_t lift_earned(struct app *a, const struct network *net, int64_t now_ms)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    memcpy(&v4.sin_addr, net->bytes, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, net->bytes, sizeof v6.sin6_addr);
    bool is_v4 = net->family == AF_INET;
    struct peer p = limit_peer(a->limit, is_v4 ? (const void *)&v4 : (const void *)&v6);
    return standing_lift(a->standing, &p, now_ms);
}

/* Of one that is not there it is said, as of a mail that does not wait; of all there may be none. */
static void say_lifted(struct ctl_req *r, size_t n, bool all)
{
    if (n == 0 && !all) {
        ctl_error(r, "nothing of that network or id is banned");
        return;
    }
    AUTO_BUF struct buf out = { .max = BAN_TEXT_MAX };
    buf_printf(&out, "%zu lifted\n", n);
    ctl_ok(r, buf_str(&out));
}

static void lift_ban(struct app *a, struct ctl_req *r, struct str what)
{
    int64_t now_ms = loop_now_ms(a->loop);
    struct network net;
    uint8_t id[4];
    if (str_eq(what, S("all")))
        say_lifted(r, standing_lift_all(a->standing, now_ms) + access_lift_all(a->access, now_ms), true);
    else if (what.n == ID_HEX && text_unhex(what, id, sizeof id) == OK)
        say_lifted(r, standing_lift_id(a->standing, id, now_ms) + access_lift_id(a->access, id, now_ms), false);
    else if (network_parse(what, &net) == OK)
        say_lifted(r, lift_earned(a, &net, now_ms) + access_lift(a->access, &net, now_ms), false);
    else
        ctl_error(r, "neither a network nor an id of the list");
}

void operate_ban(void *ctx, struct ctl_req *r, struct str args)
{
    struct str rest, duration, verb = str_word(args, &rest);
    struct str network = str_word(rest, &duration);
    if (str_eq(verb, S("list")))
        list_bans(ctx, r);
    else if (str_eq(verb, S("add")) && network.n > 0)
        add_ban(ctx, r, network, str_trim(duration));
    else if (str_eq(verb, S("lift")) && network.n > 0)
        lift_ban(ctx, r, network);
    else
        ctl_error(r, "usage: mayfly ban list | add NETWORK [DURATION] | lift NETWORK|ID|all");
}
