#include "app/services_judge.h"

struct judge_opts services_judge(struct app *a, struct intake_budget *budget, struct scanners *scanners)
{
    const struct config *c = &a->config;
    return (struct judge_opts){ .dns = a->dns,
                                .budget = budget,
                                .sealers = c->trust_arc_sealers.v,
                                .sealers_n = c->trust_arc_sealers.n,
                                .lists = c->trust_domain_lists.v,
                                .lists_n = c->trust_domain_lists.n,
                                .dnsbl = c->access_dnsbl.v,
                                .dnsbl_n = c->access_dnsbl_action == CONFIG_DNSBL_SYMBOL ? c->access_dnsbl.n : 0,
                                .reverse = c->trust_reverse_dns,
                                .deadline_ms = c->trust_deadline_ms,
                                .label_only = c->trust_dmarc == CONFIG_DMARC_LABEL,
                                .scanners = scanners,
                                .malware_junk = c->scan_malware == CONFIG_MALWARE_JUNK,
                                .unseen_refused = c->scan_unreadable == CONFIG_UNSEEN_REFUSE,
                                .costs = &a->scanning.costs };
}
