/* Names of the counters, in the order of the enum. */
#include "serve/smtp_in_stats.h"

const char *smtp_in_count_name(enum smtp_in_count c)
{
    static const char *const names[SMTP_IN_COUNTS] = {
        [SMTP_IN_CONNECTIONS] = "connections",
        [SMTP_IN_SECURED] = "tls",
        [SMTP_IN_ACCEPTED] = "accepted",
        [SMTP_IN_BYTES] = "bytes",
        [SMTP_IN_RCPTS] = "rcpts",
        [SMTP_IN_UNKNOWN] = "unknown",
        [SMTP_IN_RELAY] = "relay",
        [SMTP_IN_BOX_FULL] = "box_full",
        [SMTP_IN_TOO_BIG] = "too_big",
        [SMTP_IN_NO_MEMORY] = "no_memory",
        [SMTP_IN_BARE_EOL] = "bare_eol",
        [SMTP_IN_MALFORMED] = "malformed",
        [SMTP_IN_LISTED] = "listed",
        [SMTP_IN_GREYLISTED] = "greylisted",
        [SMTP_IN_POLICY] = "policy",
        [SMTP_IN_TEMPFAIL] = "tempfail",
        [SMTP_IN_TIMEOUTS] = "timeouts",
        [SMTP_IN_ABUSE] = "abuse",
    };
    return names[c];
}
