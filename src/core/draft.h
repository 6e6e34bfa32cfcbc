/* A mail that somebody writes: what the page, the REST interface and /lite hand in, before it is a message. Pure. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"
#include "wire/json.h"

enum {
    DRAFT_PEOPLE_MAX = 500,         /* of To, Cc and Bcc each; how many may be sent to is decided elsewhere */
    DRAFT_FILES_MAX = 100,          /* attachments */
    DRAFT_NAME_MAX = 256,           /* octets of a person's or a file's name */
    DRAFT_SUBJECT_MAX = 2000,       /* octets */
    DRAFT_TEXT_MAX = 4 << 20,       /* octets of the text, and of the HTML */
    DRAFT_IDS_MAX = 50,             /* of References: the first, and the newest others */
    DRAFT_ARENA = 64 * 1024 * 1024, /* attachments of 25 MiB as octets, and all else */
};

struct draft_person {
    struct str name;    /* UTF-8, one line */
    struct str address; /* passes addr_parse(), no literal; its domain as A-labels */
};
struct draft_people {
    struct draft_person *v;
    size_t n;
};
struct draft_file {
    struct str filename, content_type; /* empty: not said */
    struct str content;                /* octets */
    /* Or what is attached to a message of the box: content and the rest are then found by who can read it. */
    bool stored;
    struct str charset, method; /* of its Content-Type; empty: not said */
    struct msg_id message;
    uint32_t n;
};
struct draft {
    struct draft_person from;
    struct draft_people to, cc, bcc;
    struct str subject, text, html; /* subject: one line. text, html: any line ends */
    struct draft_file *files;
    size_t files_n;
    bool replies; /* to a message of the box */
    struct msg_id in_reply_to;
    struct str answered, references; /* "<a@b>", and "<c@d> <e@f>": set by draft_thread(), or empty */
};

/* What a name or subject is in a header: blanks for control characters, none at both ends. In the arena. */
struct str draft_line(struct arena *a, struct str s);
/* Reads members to, cc, bcc, subject, text, html, attachments and in_reply_to of obj; complaints are j's, about members
 * that are neither these nor what a beginning says beside them ("draft", "refused", "html_left_out"), nor among
 * others[n], too. Views are in the arena. A person is {"name", "address"}, or a string as a header has it, which may
 * list several. */
void draft_read(struct json_in *j, const struct json *obj, const char *const *others, size_t n, struct arena *a,
                struct draft *out);
/* Adds one person, or all that a list as a header has it names ("Anna <a@example.com>, b@example.com"). False: *wrong
 * is what is no address (a view into what was given, or the arena), or empty when there are too many. */
[[nodiscard]] bool draft_person_add(struct draft_people *p, struct arena *a, struct str name, struct str address,
                                    struct str *wrong);
[[nodiscard]] bool draft_people_add(struct draft_people *p, struct arena *a, struct str text, struct str *wrong);
/* answered and references of an answer to the message with that header (RFC 5322 section 3.6.4); of a draft that goes
 * on: those that it has. */
void draft_thread(struct draft *d, struct arena *a, struct str header);
void draft_thread_keep(struct draft *d, struct arena *a, struct str header);
