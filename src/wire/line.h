/* Lines that end in CRLF and in nothing else, and the dots that keep a message from ending early. Bare CR and LF are
 * refused wherever they stand: servers that read them differently let a sender smuggle a second message in
 * (CVE-2023-51764 and its kin). */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { LIMIT_TEXT_LINE = 64 * 1024 }; /* octets with CRLF; RFC 5321 says 1,000, real senders forget to wrap */

/* One command line: *line without its CRLF, *used with it. ERR_MORE: no line end yet; ERR_BAD: a bare CR or LF;
 * ERR_FULL: longer than max octets with its CRLF. */
[[nodiscard]] enum err line_command(struct str in, size_t max, struct str *line, size_t *used);

enum line_state { LINE_START, LINE_TEXT, LINE_CR, LINE_DOT, LINE_DOT_CR, LINE_ENDED, LINE_BARE };
/* A message on its way in. Zeroed it is ready for DATA; with verbatim set, for the text of BDAT, where dots mean
 * nothing and only the caller knows the end. */
struct line_data {
    enum line_state state;
    bool verbatim;
    bool too_long; /* some line was longer than LIMIT_TEXT_LINE */
    size_t line_n; /* octets of the line so far */
};
/* Reads on: the octets that belong to the message go to out, which has room for in.n, or nowhere when out is NULL. OK:
 * the lone dot has come, *used ends behind it; ERR_MORE: all of in was used; ERR_BAD: a bare CR or LF, now and for
 * ever. */
[[nodiscard]] enum err line_data_feed(struct line_data *d, struct str in, char *out, size_t *out_n, size_t *used);

/* A message on its way out, the other way round: dots are doubled and bare LF becomes CRLF, because line_data_feed()
 * and its like could not read it otherwise. Zeroed it is ready for a whole message; with bounded set it stops after
 * the header and the first lines_left lines of the body. */
struct line_out {
    enum line_state state; /* LINE_START, LINE_TEXT or LINE_CR: what came last */
    bool bounded, in_body, filled /* the line so far is not empty */, full /* bounded: that was all */;
    uint64_t lines_left;
};
/* The next run of in that can go out as it stands, behind lead (static, a few octets or none). *used is the length of
 * the run, 0 once full. */
struct str line_out_run(struct line_out *o, struct str in, struct str *lead, size_t *used);
/* What ends the text: its last line's end when that is missing, and the lone dot. Static. */
struct str line_out_end(const struct line_out *o);
