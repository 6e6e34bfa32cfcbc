/* Mailbox names and the folders behind them: what the handlers of folders share. */
#pragma once
#include "serve/imap_state.h"

/* A mailbox name that stands next in the command, in its inner form. False: it has been answered. */
[[nodiscard]] bool imap_name_read(struct imap_session *s, struct str *out);
const struct folder *imap_folder_find(const struct imap_answer *a, struct str name);
bool imap_name_within(struct str name, struct str parent); /* somewhere below it */
/* "MAILBOXID (…)" (RFC 8474): numbers never come again in a box, and a name's change does not change them; the box's
 * uidvalidity tells it from earlier ones of its address. */
void imap_put_mailboxid(struct imap_session *s, struct buf *out, uint32_t no);

/* ---- STATUS, also within LIST ---- */
enum imap_status { /* 1u << of each in a set */
                   IMAP_STATUS_MESSAGES,
                   IMAP_STATUS_RECENT,
                   IMAP_STATUS_UIDNEXT,
                   IMAP_STATUS_UIDVALIDITY,
                   IMAP_STATUS_UNSEEN,
                   IMAP_STATUS_DELETED,
                   IMAP_STATUS_DELETED_STORAGE,
                   IMAP_STATUS_SIZE,
                   IMAP_STATUS_HIGHESTMODSEQ,
                   IMAP_STATUS_MAILBOXID,
                   IMAP_STATUS_APPENDLIMIT,
};
/* "(MESSAGES UIDNEXT)" as a set of bits. */
[[nodiscard]] bool imap_status_read(struct imap_session *s, unsigned *items);
void imap_status_put(struct imap_session *s, const struct folder *f, unsigned items);
/* LIST responses as NOTIFY has them: of a mailbox, with the name it had before, or of a name that is none any more. */
void imap_list_put_changed(struct imap_session *s, const struct imap_answer *a, const struct folder *f, struct str was);
void imap_list_put_gone(struct imap_session *s, const struct imap_answer *a, struct str name);
/* One LIST response without children's or subscription's attributes, as SELECT of IMAP4rev2 has it. */
void imap_list_put_plain(struct imap_session *s, const struct folder *f);
