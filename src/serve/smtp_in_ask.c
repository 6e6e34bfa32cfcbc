/* What a session asks its owner: is there such a box, take this message, may this network go on. A recipient waits for
 * the block lists, which have been asked since the connection came, is then looked up, and its answer may wait in the
 * tarpit. Whom a list has is refused without a look-up: it finds out nothing about names, by no time and no count. */
#include "serve/smtp_in_client.h"

void smtp_in_tell(struct client *c)
{
    struct smtp_in_session *s = smtp_in_session_of(c);
    c->held = HELD_NOT;
    smtp_in_checked(s, c->told, c->has_box ? &c->box : NULL);
    smtp_in_answered(c);
}

static void tell_or_hold(struct client *c)
{
    const struct smtp_in_opts *o = &c->of->o;
    int64_t own_ms = smtp_in_tarpit_ms(&c->s, c->told);
    int64_t net_ms = c->told == ERR_GONE ? smtp_in_guard_unknown(&o->guard, &c->c.peer, loop_now_ms(o->loop)) : 0;
    int64_t wait_ms = MAX(own_ms, net_ms);
    if (wait_ms == 0) {
        smtp_in_tell(c);
        return;
    }
    c->held = HELD_TARPIT;
    conn_deadline(c->c.conn, wait_ms);
}

void smtp_in_may_relay(struct client *c)
{
    const struct smtp_in_opts *o = &c->of->o;
    c->s.relay = false;
    for (size_t i = 0; i < o->relay_from_n && c->ip_known && !c->s.relay; i++)
        c->s.relay = network_has_ip(&o->relay_from[i], &c->ip);
}

static void on_checked(void *ctx, enum err e, const struct box_id *box)
{
    struct client *c = ctx;
    c->check = NULL;
    c->told = e;
    c->has_box = box != NULL;
    if (box)
        c->box = *box;
    tell_or_hold(c);
}

/* The lists have answered. True: so has the session, because one of them has the client, or there is no memory. */
static bool answered_at_once(struct client *c, struct smtp_in_session *s)
{
    s->listed = smtp_in_listed(c->listed);
    if (!s->listed)
        c->check = deliver_check(c->of->o.deliver, s->tx->pending, s->tx->size, on_checked, c);
    if (c->check)
        return false;
    smtp_in_checked(s, ERR_IO, NULL);
    return true;
}

static void on_lists(void *ctx)
{
    struct client *c = ctx;
    if (c->held != HELD_LISTS)
        return;
    c->held = HELD_NOT;
    if (answered_at_once(c, smtp_in_session_of(c)))
        smtp_in_answered(c);
}

void smtp_in_ask_lists(struct client *c)
{
    smtp_in_listed_stop(c->listed);
    c->listed = c->ip_known && !c->c.peer.trusted
                    ? smtp_in_listed_start(&c->of->o.guard, c->of->o.loop, &c->ip, on_lists, c)
                    : NULL;
}

/* The session has nothing left to do behind this call, so it may be answered here. */
static void ask_check(struct smtp_in_session *s, struct str, uint64_t)
{
    struct client *c = client_of(s);
    if (smtp_in_listed_pending(c->listed))
        c->held = HELD_LISTS;
    else
        (void)answered_at_once(c, s);
}

static void on_stored(void *ctx, enum err e, const char *why, uint64_t octets)
{
    struct client *c = ctx;
    c->storing = NULL;
    smtp_in_stored(smtp_in_session_of(c), e, why, octets);
    smtp_in_answered(c);
}

static void ask_store(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol)
{
    struct client *c = client_of(s);
    struct smtp_in_way way = { .protocol = protocol,
                               .tls_version = conn_tls_version(c->c.conn),
                               .tls_cipher = conn_tls_cipher(c->c.conn),
                               .client = c->ip,
                               .client_known = c->ip_known,
                               .peer = c->c.peer };
    c->storing = smtp_in_storing_new(&c->of->storing, tx, &way, on_stored, c);
    if (!c->storing)
        smtp_in_stored(s, ERR_IO, NULL, 0);
}

static bool ask_throttled(struct smtp_in_session *s)
{
    struct client *c = client_of(s);
    return smtp_in_guard_refuses(&c->of->o.guard, &c->c.peer, loop_now_ms(c->of->o.loop));
}

static bool ask_moved(struct smtp_in_session *s, struct str addr)
{
    struct client *c = client_of(s);
    if (listen_move(c->c.listener, &c->c.peer, addr) != OK)
        return false;
    struct str host = str_starts_nocase(addr, S("IPv6:")) ? str_from(addr, 5) : addr;
    c->ip_known = ip_parse(host, &c->ip) == OK;
    smtp_in_may_relay(c);
    smtp_in_ask_lists(c);
    return true;
}

static struct arrival refusal(struct smtp_in_session *s, const char *reply, enum arrival_cause cause)
{
    struct str said = str_c(reply);
    return (struct arrival){ .result = arrival_refused(said),
                             .cause = cause,
                             .domain = arrival_domain(s->tx->from),
                             .tls = conn_tls_version(client_of(s)->c.conn),
                             .reply = said };
}

static void kept_out(struct smtp_in_session *s, const struct box_id *box, const char *reply, enum arrival_cause cause)
{
    deliver_note(client_of(s)->of->o.deliver, box, refusal(s, reply, cause));
}

static void shut_out(struct smtp_in_session *s, const char *reply)
{
    struct arrival a = refusal(s, reply, ARRIVAL_BLOCK_LIST);
    client_of(s)->late = smtp_in_late_new(s->tx->pending, &a);
}

static int64_t ask_greylist(struct smtp_in_session *s)
{
    struct client *c = client_of(s);
    return smtp_in_guard_greylist(&c->of->o.guard, &c->c.peer, s->tx->from, s->tx->pending, loop_now_ms(c->of->o.loop));
}

const struct smtp_in_ops smtp_in_session_ops = { ask_check, ask_store, ask_throttled, ask_moved,
                                                 kept_out,  shut_out,  ask_greylist };
