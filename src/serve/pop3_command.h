/* What the command table calls, and what its handlers share; nobody but pop3*.c includes this. */
#pragma once
#include "serve/pop3.h"

void pop3_reply(struct pop3 *s, const char *text);
void pop3_fail(struct pop3 *s, const char *text); /* a reply that counts as an error; the last straw ends the session */
void pop3_close(struct pop3 *s, const char *text);
struct pop3_msg *pop3_msg_at(struct pop3 *s, struct str number); /* NULL: there is none, and it has been answered */

/* Before login, and what is said of ourselves. */
void pop3_run_capa(struct pop3 *s, struct str arg);
void pop3_run_user(struct pop3 *s, struct str arg);
void pop3_run_pass(struct pop3 *s, struct str arg);
void pop3_run_auth(struct pop3 *s, struct str arg);
void pop3_run_stls(struct pop3 *s, struct str arg);
void pop3_run_utf8(struct pop3 *s, struct str arg);
void pop3_sasl_line(struct pop3 *s, struct str line);
void pop3_forget(struct pop3 *s); /* who tried to log in, and how */

/* The mailbox. */
void pop3_run_stat(struct pop3 *s, struct str arg);
void pop3_run_list(struct pop3 *s, struct str arg);
void pop3_run_uidl(struct pop3 *s, struct str arg);
void pop3_run_retr(struct pop3 *s, struct str arg);
void pop3_run_top(struct pop3 *s, struct str arg);
void pop3_run_dele(struct pop3 *s, struct str arg);
void pop3_run_noop(struct pop3 *s, struct str arg);
void pop3_run_rset(struct pop3 *s, struct str arg);
void pop3_run_quit(struct pop3 *s, struct str arg);
