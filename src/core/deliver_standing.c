/* What mail counts for whom: the network it came from, the domain that has proven that it is its own, and the box that
 * got it. A domain that is known for junk is told to come back later, and so is junk for a box that drowns in it. Mail
 * from this machine and from networks that the operator trusts is not counted: a test suite may send what it likes. */
#include "core/deliver_req.h"

static struct standing *counted(const struct deliver_req *r)
{
    return r->judge_mail.client_known && !r->peer.loopback && !r->peer.trusted ? r->d->o.standing : NULL;
}

bool deliver_sender_banned(const struct deliver_req *r)
{
    struct standing *s = counted(r);
    int64_t now_ms = loop_now_ms(r->d->o.loop);
    if (!s || r->sender.n == 0)
        return false;
    struct peer who = standing_who(s, STANDING_SENDER, r->sender, now_ms);
    return standing_banned(s, STANDING_SENDER, &who, now_ms);
}

/* One box that is well keeps the mail as it is: what was taken for one recipient can't be refused for another. */
bool deliver_flooded(const struct deliver_req *r)
{
    struct standing *s = counted(r);
    int64_t now_ms = loop_now_ms(r->d->o.loop);
    if (!s || !r->junk)
        return false;
    for (size_t i = 0; i < r->n; i++) {
        struct peer who = standing_who(s, STANDING_BOX, box_id_str(&r->copies[i].box), now_ms);
        if (r->copies[i].err == OK && !standing_banned(s, STANDING_BOX, &who, now_ms))
            return false;
    }
    return true;
}

void deliver_count(const struct deliver_req *r)
{
    enum standing_event e = r->junk ? STANDING_JUNK : STANDING_GOOD;
    int64_t now_ms = loop_now_ms(r->d->o.loop);
    if (r->d->o.standing && r->judge_mail.client_known)
        standing_note(r->d->o.standing, STANDING_MX, &r->peer, e, now_ms);
    struct standing *s = counted(r);
    if (!s)
        return;
    if (r->sender.n > 0) {
        struct peer who = standing_who(s, STANDING_SENDER, r->sender, now_ms);
        standing_count(s, STANDING_SENDER, &who, e, now_ms);
    }
    for (size_t i = 0; i < r->n && r->junk; i++) {
        struct peer who = standing_who(s, STANDING_BOX, box_id_str(&r->copies[i].box), now_ms);
        standing_count(s, STANDING_BOX, &who, e, now_ms);
    }
}
