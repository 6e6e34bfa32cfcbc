/* The unknown recipients of a network are a rate, which refuses at once and forgets in minutes, and cost it its
 * standing, which bans whoever goes on all the same. */
#include "serve/smtp_in_guard.h"

int64_t smtp_in_guard_unknown(const struct smtp_in_guard *g, const struct peer *p, int64_t now_ms)
{
    if (!g->limit)
        return 0;
    (void)limit_take(g->limit, LIMIT_UNKNOWN_RCPT, p, 1, now_ms, NULL);
    standing_note(g->standing, STANDING_MX, p, STANDING_UNKNOWN, now_ms);
    return standing_tarpit_ms(g->standing, STANDING_MX, p, now_ms);
}

bool smtp_in_guard_refuses(const struct smtp_in_guard *g, const struct peer *p, int64_t now_ms)
{
    return g->limit && (limit_over(g->limit, LIMIT_UNKNOWN_RCPT, p, now_ms, NULL) ||
                        standing_banned(g->standing, STANDING_MX, p, now_ms));
}

void smtp_in_guard_closed(const struct smtp_in_guard *g, struct smtp_in_session *s, const struct peer *p,
                          int64_t now_ms)
{
    if (g->limit && s->abused)
        standing_note(g->standing, STANDING_MX, p, STANDING_PROTOCOL, now_ms);
    s->abused = false;
}

int64_t smtp_in_guard_greylist(const struct smtp_in_guard *g, const struct peer *p, struct str from, struct str rcpt,
                               int64_t now_ms)
{
    return g->greylist && !p->trusted ? greylist_wait_ms(g->greylist, p, from, rcpt, now_ms) : 0;
}
