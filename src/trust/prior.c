#include "trust/prior.h"
#include "trust/model_file.h"
#include <math.h>

enum err prior_open(const char *path, struct prior *out)
{
    enum err e = learner_new(NULL, true, &out->weights);
    if (e == OK)
        e = model_file_read(path, out->weights);
    if (e != OK)
        prior_close(out);
    return e;
}

enum err prior_of(struct str file, struct prior *out)
{
    enum err e = learner_new(NULL, true, &out->weights);
    if (e == OK)
        e = model_parse(file, S(""), out->weights);
    if (e != OK)
        prior_close(out);
    return e;
}

void prior_close(struct prior *p)
{
    learner_free(p->weights);
    p->weights = NULL;
}

double prior_score(const struct prior *p, const struct features *f, struct learner_labels local)
{
    if (p->weights == NULL)
        return 0;
    double s = fmin(fmax(learner_score(p->weights, f), -PRIOR_MAX), PRIOR_MAX);
    return local.ham + local.spam >= PRIOR_LOCAL_ENOUGH ? s / 2 : s;
}
