/* What lies outside the index, and so carries its own checksum: heads in segments, slots of leases. */
#include "base/secret.h"
#include "store/record.h"
#include "store/record_bytes.h"

static const char head_live[4] = "MFR1", head_dead[4] = "MFD1", lease_live[4] = "MFL1", lease_empty[4] = "MFE1";

void rec_head_put(uint8_t out[REC_HEAD_N], const struct rec_head *h)
{
    struct out o = { .p = out };
    put(&o, h->dead ? head_dead : head_live, 4);
    put32(&o, 0);
    put(&o, h->box.b, BOX_ID_N);
    put(&o, h->id.b, MSG_ID_N);
    put64(&o, h->env_n);
    put64(&o, h->hdr_n);
    put64(&o, h->body_n);
    assert(o.n == REC_HEAD_N);
    put_be32(out + 4, crypto_crc32c(0, str_of(out, REC_HEAD_N)));
}

/* The checksum was taken with zeros in its own place. */
static bool crc_right(struct str in, uint8_t copy[REC_LEASE_N])
{
    memcpy(copy, in.p, in.n);
    memset(copy + 4, 0, 4);
    return get_be32((const uint8_t *)in.p + 4) == crypto_crc32c(0, str_of(copy, in.n));
}

uint64_t rec_head_total(const struct rec_head *h) { return REC_HEAD_N + h->env_n + h->hdr_n + h->body_n; }

enum err rec_head_parse(struct str in, uint64_t room, struct rec_head *out)
{
    uint8_t copy[REC_LEASE_N];
    if (in.n != REC_HEAD_N || !crc_right(in, copy))
        return ERR_BAD;
    struct in i = { .left = in };
    struct rec_head h = { .dead = false };
    const uint8_t *magic = get(&i, 8);
    h.dead = memcmp(magic, head_dead, 4) == 0;
    get_to(&i, h.box.b, BOX_ID_N);
    get_to(&i, h.id.b, MSG_ID_N);
    h.env_n = get64(&i);
    h.hdr_n = get64(&i);
    h.body_n = get64(&i);
    bool fits = h.env_n <= room && h.hdr_n <= room - h.env_n && h.body_n <= room - h.env_n - h.hdr_n;
    if (!whole(&i) || !fits || (!h.dead && memcmp(magic, head_live, 4) != 0))
        return ERR_BAD;
    *out = h;
    return OK;
}

void rec_lease_put(uint8_t out[REC_LEASE_N], const struct lease_rec *l)
{
    struct out o = { .p = out };
    memset(out, 0, REC_LEASE_N);
    put(&o, l->live ? lease_live : lease_empty, 4);
    put32(&o, 0);
    put32(&o, l->slot);
    if (l->live) {
        put(&o, l->box.b, BOX_ID_N);
        put(&o, l->key, KEY_N);
    }
    put_be32(out + 4, crypto_crc32c(0, str_of(out, REC_LEASE_N)));
}

enum err rec_lease_parse(struct str in, uint32_t slot, struct lease_rec *out)
{
    uint8_t copy[REC_LEASE_N];
    if (in.n != REC_LEASE_N)
        return ERR_BAD;
    bool right = crc_right(in, copy);
    secret_wipe(copy, sizeof copy); /* the key passed through it */
    struct in i = { .left = in };
    struct lease_rec l = { .live = false };
    const uint8_t *magic = get(&i, 8);
    l.live = memcmp(magic, lease_live, 4) == 0;
    l.slot = get32(&i);
    get_to(&i, l.box.b, BOX_ID_N);
    get_to(&i, l.key, KEY_N);
    if (!right || l.slot != slot || (!l.live && memcmp(magic, lease_empty, 4) != 0))
        return ERR_BAD;
    *out = l;
    return OK;
}
