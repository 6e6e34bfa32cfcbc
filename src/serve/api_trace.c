/* The last attempts to hand mail to a box: what core/arrival keeps of them, opened for its holder. */
#include "serve/api.h"

/* One that does not open any more (its keys were wiped meanwhile) is left out. */
size_t api_attempts(struct http_req *r, struct str out[ARRIVALS_BOX])
{
    struct opened *box = api_box(r);
    struct arrival_kept kept[ARRIVALS_BOX];
    size_t n = 0, all = api_of(r)->o.arrivals ? arrivals_of(api_of(r)->o.arrivals, &box->box.id, &r->arena, kept) : 0;
    for (size_t i = 0; i < all; i++) {
        AUTO_BUF struct buf json = { .max = ARRIVAL_JSON, .secret = true };
        if (arrival_open(box, &kept[i], &json) == OK)
            out[n++] = api_keep(r, buf_str(&json));
    }
    return n;
}

void api_trace(struct http_req *r)
{
    struct str attempts[ARRIVALS_BOX];
    size_t n = api_attempts(r, attempts);
    struct json_out o = api_json(r, 200);
    json_kv_array(&o, "attempts");
    for (size_t i = 0; i < n; i++)
        json_put_raw(&o, attempts[i]);
    json_put_end(&o);
    json_put_end(&o);
    http_finish(r);
}
