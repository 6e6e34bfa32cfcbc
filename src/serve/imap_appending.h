/* An APPEND or REPLACE under way: what its words have said so far. imap_append.c reads them, imap_append_store.c puts
 * the messages together and stores them. */
#pragma once
#include "serve/imap_state.h"
#include "wire/imap_url.h"

struct append_part { /* of a message that CATENATE makes */
    struct append_part *next;
    struct intake text; /* TEXT, or nothing */
    struct str url;     /* URL, p is NULL: a text */
    struct imap_url at;
    uint32_t folder; /* that it is in */
};
struct append_one {
    struct append_one *next;
    struct imap_new_mail mail;
    struct imap_flags flags;
    bool catenates;
    struct append_part *first, *last;
    uint64_t size; /* of its literals so far */
};
struct appending {
    struct str name;
    struct append_one *first, *last;
    size_t n, parts_n;
    struct intake *into; /* where the octets of the literal go, … */
    char *url;           /* … when they are no URL */
    uint64_t left;       /* octets of it that are still to come */
    bool named;          /* the mailbox has been read */
    bool listing;        /* within CATENATE (…) */
    bool bracket;        /* UTF8 (…): a ')' follows the octets */
    const char *why;     /* the reply that refuses it all; whoever sends on without being asked is read past first */
    uint32_t folder, uidvalidity;
    struct imap_place instead_of; /* of REPLACE */
    struct append_one *making;    /* of CATENATE: the message, and what is put to it next */
    struct append_part *part;
    struct imap_place loaded; /* which message is in memory for that; uid 0: none */
    struct imap_new_mail *mails;
};

bool append_replaces(const struct imap_session *s);
/* All words are read, and none was refused. */
void append_finish(struct imap_session *s);
