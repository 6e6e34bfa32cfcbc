/* MTA-STS (RFC 8461): the TXT record that says that a domain has a policy, the policy's file, and whether a host is one
 * of those that it names. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
    LIMIT_STS_ID = 32,
    LIMIT_STS_FILE = 64 * 1024, /* RFC 8461 section 3.3 suggests it */
    LIMIT_STS_MX = 100,
    LIMIT_STS_AGE_S = 31557600, /* section 3.2: a year */
};
/* *id borrows from txt. ERR_GONE: another record; ERR_BAD: one for MTA-STS that has no id, or a wrong one. */
[[nodiscard]] enum err sts_record_parse(struct str txt, struct str *id);

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };
struct sts_policy {
    enum sts_mode mode;
    uint32_t max_age_s;
    struct str *mx; /* patterns: names, or "*." and a name; lower case as written */
    size_t mx_n;
};
/* Into the arena. ERR_BAD: not what the RFC's section 3.2 says; ERR_FULL: the arena, or too many patterns. */
[[nodiscard]] enum err sts_policy_parse(struct arena *a, struct str file, struct sts_policy *out);
bool sts_policy_has(const struct sts_policy *p, struct str host); /* section 4.1 */
