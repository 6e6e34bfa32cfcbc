/* What a domain's owner publishes in the DNS for mail to come and go, as rows: printed, and compared with what is
 * there.
 */
#pragma once
#include "app/context.h"
#include "core/sign_file.h"
#include "wire/dns_rr.h"

enum { DOMAIN_ROWS_MAX = 32 };
enum domain_need { NEEDED, USEFUL };
struct domain_row {
    struct str name; /* whole, no dot at the end */
    const char *type;
    struct str value; /* as a master file has it, but for TXT: its text */
    const char *what; /* what it is for */
    enum domain_need need;
    struct str begins;               /* of a TXT: what the record that is meant begins with */
    bool exact;                      /* of a TXT: nothing else will do */
    bool (*usable)(struct str text); /* of one that need not be: can others use it? NULL: always */
};
struct domain_rows {
    struct domain_row v[DOMAIN_ROWS_MAX];
    size_t n;
};
/* keys: NULL: there are none yet. Texts are in the arena. ERR_FULL: it is. */
[[nodiscard]] enum err domain_rows(struct app *a, struct arena *scratch, struct str domain,
                                   const struct sign_domain *keys, struct domain_rows *out);
/* As lines of a master file (RFC 1035 section 5), each behind what it is for. */
void domain_rows_put(const struct domain_rows *rows, struct buf *out);
/* Is what the DNS says of a row's name as it should be? "ok", "missing", "differs" or "there twice". records are of the
 * row's type: MX, TXT or SRV. */
const char *domain_row_compare(const struct domain_row *row, const struct dns_records *records);
