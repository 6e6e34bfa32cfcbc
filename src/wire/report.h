/* A message that reports on mail (RFC 6522, multipart/report with a delivery status): what became of which recipients,
 * and by what names the mail may be known to who sent it. */
#pragma once
#include "wire/delivery_report.h"
#include "wire/json.h"
#include "wire/mime.h"

enum { REPORT_IDS_MAX = 8, REPORT_ID_MAX = 100 };

struct report {
    struct delivery_report status;
    struct str message_id; /* of the mail it is about, as it came back, without brackets; empty: it did not */
    /* How servers named it: its ENVID, and what stands behind "id" in the Received fields that came back. */
    struct str ids[REPORT_IDS_MAX];
    size_t ids_n;
};
/* ERR_BAD: msg is no such report; ERR_FULL: the arena, where all of *out lies, is. Total, linear. */
[[nodiscard]] enum err report_read(struct arena *a, const struct mime_tree *t, struct str msg, struct report *out);
/* As an object, for the API: {"envelope_id", "message_id", "reporting_mta", "arrival_date", "recipients": [{"address",
 * "original", "action", "status", "code", "reason", "remote_mta", "retry_until"}], "more"}. */
void report_put(struct json_out *j, const struct report *r);
