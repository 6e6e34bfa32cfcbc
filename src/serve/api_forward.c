#include "serve/api_forward.h"
#include "core/forwarding.h"

enum { ADDRESS_MAX = 1024 };

void api_put_forward(struct json_out *o, const struct api *a, const struct opened *box)
{
    AUTO_ARENA struct arena scratch = { .max = ADDRESS_MAX, .secret = true };
    const struct forwarding *f = a->o.forwarding;
    struct forward x;
    if (!f || forwards_get(f->table, &box->box.id, box->lease, &scratch, &x) != OK || x.state == FORWARD_NONE) {
        json_kv_null(o, "forward");
        return;
    }
    json_kv_object(o, "forward");
    json_kv_str(o, "to", x.to);
    json_kv_bool(o, "confirmed", x.state == FORWARD_ON);
    json_put_end(o);
}

static bool refused(struct http_req *r, enum err e, const struct refusal *why)
{
    if (e == OK)
        return false;
    api_error(r, e, why && why->code ? why : NULL);
    return true;
}

bool api_forward(struct http_req *r, struct json_in *j)
{
    const struct forwarding *f = api_of(r)->o.forwarding;
    struct str to = { 0 };
    struct refusal why = { 0 };
    if (!json_has(j->root, "forward"))
        return true;
    json_get_str(j, j->root, "forward", ADDRESS_MAX, &to);
    if (!f) {
        http_problem(r, 403, "forward_off", "Mail is not forwarded from here.");
        return false;
    }
    enum err e =
        to.n > 0 ? forwarding_ask(f, api_box(r), &r->peer, to, &why) : forwards_clear(f->table, &api_box(r)->box.id);
    return !refused(r, e, &why);
}
