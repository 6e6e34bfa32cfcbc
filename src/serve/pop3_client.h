/* A POP3 connection from the inside: what pop3_server.c (the socket, the clock) and pop3_client.c (the box) share. */
#pragma once
#include "core/mail.h"
#include "serve/pop3.h"
#include "serve/pop3_commit.h"
#include "serve/pop3_server.h"
#include "serve/pop3_snapshot.h"
#include "serve/session_conn.h"

enum { POP3_HIGH_WATER = 64 * 1024 }; /* unsent octets above which nothing more is read */

struct pop3_server {
    struct pop3_server_opts o;
    struct pop3_rules rules;
    struct session_conns conns; /* in struct pop3_client */
};
struct pop3_client {
    struct session_conn c;
    struct pop3 s;
    struct pop3_server *of;
    struct login login;
    struct opened *o; /* with what follows: from login on */
    struct event_listener events;
    struct pop3_snapshot *snapshot;
    struct mail_stream *stream;
    struct pop3_commit *deleting;
    int64_t due_ms; /* when its time is up; the conn's deadline may come before, at the box's end */
    bool locked;    /* the box is ours alone; o without it: we wait for another session's end */
    uint8_t lock_tries;
    bool starved; /* the stream's next piece waits until the peer has taken the last */
};

struct pop3 *pop3_client_session(struct pop3_client *c); /* ready to be called */
bool pop3_client_alive(const struct pop3_client *c);     /* false: its box has ended */
void pop3_client_deadline(struct pop3_client *c, int64_t ms);
/* Gives back all that was held or asked for on behalf of the box. A deletion that was begun is carried out. */
void pop3_client_close(struct pop3_client *c);
/* A moment has passed: is the other session gone? */
void pop3_client_lock(struct pop3_client *c);
/* After an answer that the session waited for, or the end of one that took long. */
void pop3_client_answered(struct pop3_client *c);
/* The box has ended, or the secret that opened it. */
void pop3_client_ended(struct pop3_client *c, const char *text);
extern const char pop3_ended_text[];
extern const struct pop3_ops pop3_client_ops;
