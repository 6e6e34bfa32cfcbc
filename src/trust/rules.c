#include "trust/rules.h"

static bool is_shouted(const struct content *c)
{
    size_t capitals = 0, small = 0;
    for (size_t i = 0; i < c->subject.n; i++) {
        capitals += c->subject.p[i] >= 'A' && c->subject.p[i] <= 'Z';
        small += c->subject.p[i] >= 'a' && c->subject.p[i] <= 'z';
    }
    return capitals >= 12 && small == 0;
}

static const struct rule {
    struct str name;
    double score;
    struct str reason;
    bool (*hits)(const struct content *c);
} rules[] = {
    { STR("SUBJECT_CAPITALS"), 0.6, STR("The subject is written in capitals only"), is_shouted },
};

void rules_run(const struct content *c, struct symbols *out)
{
    for (size_t i = 0; i < COUNT(rules); i++)
        if (rules[i].hits(c))
            symbols_add(out, rules[i].name, rules[i].score, rules[i].reason);
}
