#include "core/received.h"
#include "wire/date.h"
#include "wire/domain.h"
#include "wire/header.h"

enum { BEFORE_MAX = 1000000 };
static const struct str before_name = STR("X-Mayfly-Hops");

void received_put(struct buf *out, const struct received *r)
{
    /* An address literal as HELO would be the client's address. */
    struct str helo = domain_is_name(r->helo) ? r->helo : S("unknown");
    buf_puts(out, "Received: from ");
    buf_put(out, helo);
    buf_puts(out, "\r\n\tby ");
    buf_put(out, r->hostname);
    buf_puts(out, " with ");
    buf_puts(out, r->protocol ? r->protocol : "ESMTP");
    if (r->tls_version)
        buf_printf(out, "\r\n\t(%s %s)", r->tls_version, r->tls_cipher ? r->tls_cipher : "");
    buf_puts(out, ";\r\n\t");
    date_put(out, r->now_ms, 0);
    buf_puts(out, "\r\n");
}

/* The largest of several: who adds a smaller one hides nothing. */
uint32_t received_count(struct str head)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    uint32_t n = 0, before = 0, said;
    while (header_next(&it, &f)) {
        n += str_eq_nocase(f.name, S("Received"));
        if (str_eq_nocase(f.name, before_name) && str_to_u32(str_trim(f.raw), &said))
            before = MAX(before, MIN(said, (uint32_t)BEFORE_MAX));
    }
    return n + before;
}

void received_put_before(struct buf *out, uint32_t n)
{
    if (n > 0)
        buf_printf(out, "%.*s: %u\r\n", STR_FMT(before_name), n);
}

/* A fold at the top would go on with our Received. As Postfix does: an empty line before what is no field, a name for
 * mbox's "From ". */
void received_part(struct buf *out, struct str data)
{
    switch (header_start(data)) {
    case HEADER_STARTS:
        break;
    case HEADER_MBOX_LINE:
        buf_puts(out, "X-Mailbox-Line: ");
        break;
    case HEADER_MISSING:
        buf_puts(out, "\r\n");
        break;
    }
}

/* A second copy would double what large mails cost. */
enum err received_prepend(struct buf *data, struct str head)
{
    data->max = head.n + data->n;
    if (buf_reserve(data, head.n) == NULL)
        return ERR_BUSY;
    memmove(data->p + head.n, data->p, data->n);
    memcpy(data->p, head.p, head.n);
    data->n += head.n;
    return OK;
}
