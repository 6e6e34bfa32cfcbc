/* What is done with core/forward's table: mail that came in goes on, sealed (ARC); and whoever is to get it is asked
 * first. One a loop. The envelope's sender of what goes on is the box itself (decision 0018): SPF holds, bounces come
 * to who wanted it, and no address has to be rewritten and found again. */
#pragma once
#include "core/deliver.h"
#include "core/forward.h"
#include "core/forward_asks.h"
#include "core/send_shared.h"

struct forwarding { /* borrowed; all of it outlives what uses it */
    struct forwards *table;
    struct forward_asks *asks;
    struct store *store;
    struct loop *loop;
    struct outq *outq;
    struct send_shared *shared;
    struct log *log;
    struct str hostname;
    uint32_t https_port;
    struct domain_list domains;
};

/* As deliver_opts.stored; f is a struct forwarding. Fire and forget: what finds no memory, no share or no room in the
 * queue stays in the box alone, and is logged. Mail that went through here to this address before does not go again. */
void forwarding_stored(void *f, const struct deliver_stored *m);
/* Remembers to as asked for and sends it the link, as mail of the box and of the network that asks (peer); where that
 * was done and the link still holds, or mail goes there already, it is left at that. With *why: ERR_BAD: no address, or
 * one of ours; ERR_DENIED: who may not send may not ask; ERR_BUSY: a share of the day, the address's own too. Without:
 * ERR_FULL, ERR_IO, ERR_BUSY. */
[[nodiscard]] enum err forwarding_ask(const struct forwarding *f, const struct opened *o, const struct peer *peer,
                                      struct str to, struct refusal *why);
