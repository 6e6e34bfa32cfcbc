/* The handlers behind imap_session.c's table, by the file they are in. */
#pragma once
#include "serve/imap_state.h"

/* imap_auth.c */
void imap_put_capabilities(struct imap_session *s, struct buf *out);
void imap_run_capability(struct imap_session *s);
void imap_run_noop(struct imap_session *s);
void imap_run_logout(struct imap_session *s);
void imap_run_id(struct imap_session *s);
void imap_run_enable(struct imap_session *s);
void imap_run_namespace(struct imap_session *s);
void imap_run_starttls(struct imap_session *s);
void imap_run_compress(struct imap_session *s);
void imap_run_unauthenticate(struct imap_session *s);
/* imap_login.c */
void imap_run_login(struct imap_session *s);
void imap_run_authenticate(struct imap_session *s);
void imap_response(struct imap_session *s, struct str line); /* a line in mode RESPONSE */
/* imap_select.c */
void imap_run_select(struct imap_session *s);
void imap_run_examine(struct imap_session *s);
void imap_run_unselect(struct imap_session *s);
void imap_run_close(struct imap_session *s);
/* imap_folder.c */
void imap_run_create(struct imap_session *s);
void imap_run_delete(struct imap_session *s);
void imap_run_rename(struct imap_session *s);
void imap_run_subscribe(struct imap_session *s);
void imap_run_unsubscribe(struct imap_session *s);
/* imap_list.c */
void imap_run_list(struct imap_session *s);
void imap_run_lsub(struct imap_session *s);
/* imap_status.c */
void imap_run_status(struct imap_session *s);
void imap_run_getquota(struct imap_session *s);
void imap_run_getquotaroot(struct imap_session *s);
/* imap_fetch.c */
void imap_run_fetch(struct imap_session *s);
/* imap_store.c */
void imap_run_store(struct imap_session *s);
/* imap_move.c */
void imap_run_expunge(struct imap_session *s);
void imap_run_copy(struct imap_session *s);
void imap_run_move(struct imap_session *s);
/* imap_search.c */
void imap_run_search(struct imap_session *s);
void imap_run_sort(struct imap_session *s);
void imap_run_thread(struct imap_session *s);
/* imap_append.c */
void imap_run_append(struct imap_session *s);
void imap_run_replace(struct imap_session *s);
/* imap_notify.c */
void imap_run_notify(struct imap_session *s);
/* imap_idle.c */
void imap_run_idle(struct imap_session *s);
void imap_idle_line(struct imap_session *s, struct str line);
void imap_idle_event(struct imap_session *s);
void imap_idle_told(struct imap_session *s); /* the view is up to date */
