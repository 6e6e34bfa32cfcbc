/* An attempt is sealed with what is known of its box: attempts on boxes that nobody looked up here are none of ours. */
#include "base/rand.h"
#include "base/secret.h"
#include "core/deliver_req.h"
#include <string.h>

static void tell(struct deliver *d, const struct box_id *box, struct str json)
{
    struct event *e = event_listeners(d->o.hub) > 0 ? event_new(d->o.hub, EVENT_ARRIVAL, box, json) : NULL;
    if (e != NULL)
        event_publish(e);
}

void deliver_note(struct deliver *d, const struct box_id *box, struct arrival a)
{
    AUTO_BUF struct buf json = { .max = ARRIVAL_JSON, .secret = true }, sealed = { .max = ARRIVAL_SEALED };
    struct json_out out = json_out(&json);
    struct known *b = d->o.arrivals == NULL ? NULL : known_find(&d->known, box);
    struct msg_id id;
    uint8_t k[KEY_N];
    a.at_ms = store_now_ms(d->o.store);
    if (b == NULL || !arrivals_room(d->o.arrivals, box, a.at_ms))
        return;
    arrival_put(&out, &a);
    if (json.failed || known_window(&d->known, b) != OK)
        return;
    rand_bytes(&id, sizeof id);
    seal_message_key(k, b->window.r, b->lease, box, &id);
    seal_arrival(&sealed, &b->window, k, box, &id, buf_str(&json));
    secret_wipe(k, sizeof k);
    if (sealed.failed)
        return;
    arrivals_keep(d->o.arrivals, box, &id, buf_str(&sealed), a.at_ms);
    if (a.result != ARRIVAL_INBOX) /* that one is told as a message */
        tell(d, box, buf_str(&json));
}

void deliver_forget(struct event_listener *l, const struct event *e)
{
    struct deliver *d = CONTAINER_OF(l, struct deliver, events);
    if (e->kind == EVENT_BOX_ENDED && d->o.arrivals != NULL)
        arrivals_forget(d->o.arrivals, &e->box);
}

/* Junk is not told of, nor are reports: whoever sends them on is taken for their sender, or gets them back. After a
 * cancel the names of the recipients are not there any more. */
void deliver_tell_stored(struct deliver_req *r, const struct store_append_item *it)
{
    const struct deliver_opts *o = &r->d->o;
    struct deliver_stored m = { .box = it->box, .raw = buf_str(&r->raw) };
    bool counts = o->stored != NULL && it->err == OK && !it->duplicate && it->folder == FOLDER_INBOX;
    if (!counts || r->null_sender || r->cancelled)
        return;
    for (size_t i = 0; i < r->rcpts_n && m.address.n == 0; i++)
        if (memcmp(&r->rcpts[i].box, &it->box, BOX_ID_N) == 0)
            m.address = r->rcpts[i].address;
    for (size_t i = 0; i < r->n && !m.lease; i++)
        if (memcmp(&r->copies[i].box, &it->box, BOX_ID_N) == 0)
            m.lease = r->copies[i].lease;
    o->stored(o->stored_ctx, &m);
}

/* RFC 3464 section 2: a report has the null reverse path. Junk or not, for what it may say of a mail its id decides. */
void deliver_tell_reported(const struct deliver_req *r, const struct store_append_item *it)
{
    const struct deliver_opts *o = &r->d->o;
    if (o->reported && r->report && r->null_sender && it->err == OK && !it->duplicate)
        o->reported(o->reported_ctx, &it->box, r->report);
}
