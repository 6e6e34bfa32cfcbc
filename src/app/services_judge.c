#include "app/services_judge.h"

struct judge_opts services_judge(const struct app *a, struct intake_budget *budget)
{
    const struct config *c = &a->config;
    return (struct judge_opts){ .dns = a->dns,
                                .budget = budget,
                                .sealers = c->trust_arc_sealers.v,
                                .sealers_n = c->trust_arc_sealers.n,
                                .lists = c->trust_domain_lists.v,
                                .lists_n = c->trust_domain_lists.n,
                                .deadline_ms = c->trust_deadline_ms,
                                .label_only = c->trust_dmarc == CONFIG_DMARC_LABEL };
}
