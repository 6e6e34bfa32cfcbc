#include "core/mail_tell.h"

/* A listener that comes while this is asked reads what is stored, the new included: it listens before it reads. */
static struct event *event_of(struct event_hub *h, enum event_kind kind, const struct box_id *box, struct str summary)
{
    return event_listeners(h) > 0 ? event_new(h, kind, box, summary) : NULL;
}

static void put_row(struct event *e, const struct store_row *row)
{
    e->msg = row->id;
    e->folder = row->folder;
    e->uid = row->uid;
    e->flags = row->flags;
    e->modseq = row->modseq;
    e->size = row->size;
    e->received_ms = row->received_ms;
    e->saved_ms = row->saved_ms;
}

void mail_tell_new(struct event_hub *h, const struct store_append *a, const struct store_append_item *it,
                   struct str summary)
{
    const struct store_row row = { .id = it->id,
                                   .folder = it->folder,
                                   .uid = it->uid,
                                   .flags = it->flags,
                                   .modseq = it->modseq,
                                   .size = it->size ? it->size : a->size,
                                   .received_ms = it->received_ms ? it->received_ms : a->received_ms,
                                   .saved_ms = it->saved_ms };
    struct event *e = event_of(h, EVENT_MESSAGE_NEW, &it->box, summary);
    if (e == NULL)
        return;
    put_row(e, &row);
    event_publish(e);
}

void mail_tell_changed(struct event_hub *h, const struct box_id *box, const struct store_row *row,
                       const struct store_gone *from)
{
    struct event *e = event_of(h, EVENT_MESSAGE_CHANGED, box, (struct str){ 0 });
    if (e == NULL)
        return;
    put_row(e, row);
    if (from != NULL) {
        e->from_folder = from->folder;
        e->from_uid = from->uid;
        e->from_modseq = from->modseq;
    }
    event_publish(e);
}

void mail_tell_gone(struct event_hub *h, const struct box_id *box, const struct store_gone *gone, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct event *e = event_of(h, EVENT_MESSAGE_GONE, box, (struct str){ 0 });
        if (e == NULL)
            return;
        e->msg = gone[i].id;
        e->folder = gone[i].folder;
        e->uid = gone[i].uid;
        e->modseq = gone[i].modseq;
        event_publish(e);
    }
}

void mail_tell_folder(struct event_hub *h, const struct box_id *box, const struct store_folder *of,
                      enum event_folder change, struct str name, struct str was)
{
    struct event *e = event_new_was(h, EVENT_FOLDER_CHANGED, box, name, was);
    if (e == NULL)
        return;
    e->folder = of->no;
    e->uidvalidity = of->uidvalidity;
    e->change = change;
    event_publish(e);
}
