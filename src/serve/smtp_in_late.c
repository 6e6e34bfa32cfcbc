/* One a connection, since a refusal like this ends it; looked up as any recipient is, and forgotten with the answer. */
#include "serve/smtp_in_late.h"
#include "base/secret.h"
#include <stdlib.h>
#include <string.h>

struct smtp_in_late {
    struct list in;
    struct smtp_in_all_late *all;
    struct deliver_req *check;
    struct arrival a;
    struct str mailbox;
    size_t n;
    char text[]; /* mailbox and a.domain */
};

static void end(struct smtp_in_late *l)
{
    secret_wipe(l->text, l->n);
    free(l);
}

struct smtp_in_late *smtp_in_late_new(struct str mailbox, const struct arrival *a)
{
    size_t n = mailbox.n + a->domain.n; /* both from one line each */
    struct smtp_in_late *l = mailbox.n > 0 ? malloc(sizeof *l + n) : NULL;
    if (!l)
        return NULL;
    *l = (struct smtp_in_late){ .a = *a, .mailbox = str_of(l->text, mailbox.n), .n = n };
    l->a.domain = str_of(l->text + mailbox.n, a->domain.n);
    memcpy(l->text, mailbox.p, mailbox.n);
    if (a->domain.n > 0)
        memcpy(l->text + mailbox.n, a->domain.p, a->domain.n);
    return l;
}

static void on_found(void *ctx, enum err, const struct box_id *box)
{
    struct smtp_in_late *l = ctx;
    list_del(&l->in);
    if (box)
        deliver_note(l->all->deliver, box, l->a);
    end(l);
}

void smtp_in_late_start(struct smtp_in_late *l, struct smtp_in_all_late *all)
{
    if (!l)
        return;
    l->all = all;
    l->check = deliver_check(all->deliver, l->mailbox, 0, on_found, l);
    if (l->check)
        list_add_tail(&all->list, &l->in);
    else
        end(l);
}

void smtp_in_late_cancel_all(struct smtp_in_all_late *all)
{
    LIST_FOR(&all->list, it)
    {
        struct smtp_in_late *l = CONTAINER_OF(it, struct smtp_in_late, in);
        deliver_cancel(l->check);
        end(l);
    }
    list_init(&all->list);
}
