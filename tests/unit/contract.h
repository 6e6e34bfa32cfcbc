/* The store's contract as cases that any backend has to pass: contract_add("embed", &backend) registers them all. */
#pragma once
#include "store/store.h"
#include "test.h"

/* A store on a loop of its own, driven one request at a time, with a clock the test moves. */
struct rig {
    struct loop *loop;
    struct store *store;
    struct store_opts opts;
    struct clock clock;
    char dir[256];
    struct store_req **answers; /* copies that RUN() handed out; freed by rig_close() */
    size_t answers_n, answers_cap;
    size_t pending;         /* submitted by rig_send() and not answered */
    _Atomic uint32_t ended; /* boxes reported through opts.ended */
};
struct rig *rig_open(const char *name); /* a fresh folder under test_dir() */
void rig_reopen(struct rig *r);
void rig_close(struct rig *r);
void rig_advance(struct rig *r, int64_t ms); /* wall and boot time together */
/* Submits, runs the loop until it is answered, and gives back a copy that lives as long as the rig. */
struct store_req *rig_run(struct rig *r, struct store_req *q);
/* Submits and returns at once; the answers are in the array after rig_wait(). */
void rig_send(struct rig *r, struct store_req *q, struct store_req **answer);
void rig_wait(struct rig *r);
#define RUN(r, name, q) ((struct store_##name *)rig_run((r), &(q)->req))
#define NEW(name) STORE_NEW(name, NULL, NULL)

/* Small helpers that most cases begin with. */
struct box_id rig_id(unsigned n);
struct msg_id rig_msg(unsigned n);
struct store_create *new_create(struct rig *r, unsigned n, int64_t life_ms);
struct box_id rig_box(struct rig *r, unsigned n, int64_t life_ms); /* created, CHECKed */
struct store_append *new_append(struct rig *r, const struct box_id *box, unsigned msg, struct str body);
enum err rig_append(struct rig *r, const struct box_id *box, unsigned msg, const char *body);
enum err rig_find(struct rig *r, const struct box_id *box);
enum err rig_end(struct rig *r, const struct box_id *box);
struct store_list *rig_list(struct rig *r, const struct box_id *box, uint32_t folder);
bool rig_until(struct rig *r, bool (*true_now)(struct rig *r)); /* polls for at most 20 s of real time */

struct msg_id *rig_ids(struct arena *a, const unsigned *n, size_t count);             /* rig_msg() of each */
struct store_folder rig_folder(struct rig *r, const struct box_id *box, uint32_t no); /* .no 0: there is none */

/* A case of the contract: a function that gets a rig of its own. */
#define CASE(name)                                                                                                     \
    static void case_##name(struct rig *r);                                                                            \
    static void run_##name(void **)                                                                                    \
    {                                                                                                                  \
        struct rig *r = rig_open(#name);                                                                               \
        case_##name(r);                                                                                                \
        rig_close(r);                                                                                                  \
    }                                                                                                                  \
    static void case_##name(struct rig *r)
#define ROW(name)                                                                                                      \
    {                                                                                                                  \
#name, run_##name                                                                                              \
    }
void contract_add(void);
void contract_add_names(void); /* folders, keywords, and what mail programs do with messages */
