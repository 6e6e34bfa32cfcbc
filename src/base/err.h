/* The one result code. A code exists because some caller acts on it (STYLE 13); serve/ alone turns one into 451, NO or
 * 503. */
#pragma once

enum err {
    OK,
    ERR_MORE,   /* a prefix of something valid: call again with more bytes */
    ERR_BAD,    /* malformed; more bytes will not help */
    ERR_FULL,   /* a ceiling or quota reached */
    ERR_DENIED, /* wrong or missing secret */
    ERR_BUSY,   /* taken, contended, too soon: may work later */
    ERR_GONE,   /* ended, deleted, never existed: not told apart */
    ERR_IO      /* disk, network or memory failed us */
};

const char *err_name(enum err e); /* "ok", "more", …: for logs; static storage */
