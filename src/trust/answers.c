#include "trust/answers.h"

/* What is asked for beyond the limit, or when memory is out. */
static const struct answer failed = { .status = ANSWER_FAILED };

enum err answers_init(struct answers *as, struct arena *kept, struct arena *scratch)
{
    *as = (struct answers){ .kept = kept, .scratch = scratch, .v = arena_array(kept, LIMIT_ANSWERS, sizeof *as->v) };
    return as->v ? OK : ERR_FULL;
}

void answers_round(struct answers *as)
{
    arena_reset(as->scratch);
    as->verified = 0;
}

bool answers_may_verify(struct answers *as)
{
    if (as->verified == LIMIT_VERIFIED)
        return false;
    as->verified++;
    return true;
}

static const struct answer *find_or_add(struct answers *as, struct str name, enum dns_type type)
{
    for (size_t i = 0; i < as->n; i++)
        if (as->v[i].type == type && str_eq_nocase(as->v[i].name, name))
            return &as->v[i];
    struct str kept = arena_dup(as->kept, name);
    if (as->n == LIMIT_ANSWERS || !kept.p)
        return &failed;
    struct answer *w = &as->v[as->n++];
    *w = (struct answer){ .name = kept, .type = type, .status = ANSWER_WANTED };
    if (!dns_name_valid(name))
        w->status = ANSWER_NONAME;
    return w;
}

enum err answers_get(struct answers *as, struct str name, enum dns_type type, const struct answer **out)
{
    if (str_ends(name, S(".")))
        name.n--;
    const struct answer *w = find_or_add(as, name, type);
    if (w->status == ANSWER_WANTED || w->status == ANSWER_ASKED)
        return ERR_MORE;
    *out = w;
    return OK;
}

void answers_give_up(struct answers *as)
{
    for (size_t i = 0; i < as->n; i++)
        if (as->v[i].status == ANSWER_WANTED || as->v[i].status == ANSWER_ASKED)
            as->v[i].status = ANSWER_FAILED;
}
