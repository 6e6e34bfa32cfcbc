/* WebSocket frames (RFC 6455) over libwslay, server side. A frame is read only once it is here whole, with a wslay
 * context that lives for that one call: an idle socket holds none (8.8 KB each otherwise, research/netlibs.md section
 * 2). */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum {
    LIMIT_WS_FRAME = 16 * 1024,   /* what a client may send: a token in JSON is 100 octets */
    LIMIT_WS_MESSAGE = 16 * 1024, /* its fragments together */
    WS_HEAD_MAX = 10
};
enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };
enum {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL = 1002,
    WS_NOT_UTF8 = 1007,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_RESTART = 1012
};

struct ws_frame {
    enum ws_opcode op;
    bool fin;
};
/* One masked client frame; its payload, unmasked, is appended to payload. ERR_MORE; ERR_BAD: a protocol error
 * (unmasked, reserved bits or opcode, long or fragmented control frame, length not in shortest form); ERR_FULL: over
 * LIMIT_WS_FRAME. */
[[nodiscard]] enum err ws_parse(struct str in, struct ws_frame *out, struct buf *payload, size_t *used);

/* Messages out of frames: keeps what an unfinished one has so far. Zeroed with part.max = LIMIT_WS_MESSAGE is ready. */
struct ws_in {
    struct buf part;
    enum ws_opcode op; /* of the open message */
    bool open;
};
struct ws_msg {
    enum ws_opcode op;  /* TEXT, BINARY, CLOSE, PING or PONG */
    struct str payload; /* valid until the next call; of CLOSE: the reason */
    int code;           /* of CLOSE: 1005 when there was none */
};
void ws_in_init(struct ws_in *w);
void ws_in_fini(struct ws_in *w);
/* Reads on to the end of one message or control frame. OK, ERR_MORE, or ERR_BAD with *code to close with. *used counts
 * what was consumed in either of the first two; scratch holds a control frame's payload. */
[[nodiscard]] enum err ws_read(struct ws_in *w, struct str in, struct buf *scratch, struct ws_msg *out, size_t *used,
                               int *code);

/* Appends a whole unmasked frame. */
void ws_put(struct buf *out, enum ws_opcode op, struct str payload);
/* A frame whose payload is written in place: begin gives a mark for end. */
size_t ws_begin(struct buf *out);
void ws_end(struct buf *out, size_t mark, enum ws_opcode op);
void ws_put_close(struct buf *out, int code, struct str reason);
/* Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2); ERR_BAD: not 16 octets in base64. */
[[nodiscard]] enum err ws_accept_key(struct str key, struct buf *out);
