/* One key=value (or JSON) line per event, to a descriptor, with one write(2). Values are escaped (\xNN) and cut at 256
 * bytes; lines of one event beyond 20 a second are counted and summed up instead (P5, security.md 37: an attacker must
 * not fill the disk). There is no field type for addresses, tokens or IPs, on purpose. Thread-safe. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
struct log;
struct log_opts {
    int fd; /* borrowed */
    enum log_level min;
    bool json;
};
struct log_field {
    const char *key;
    enum { LOG_F_STR, LOG_F_U64, LOG_F_I64 } kind;
    struct str s;
    uint64_t u;
    int64_t i;
};

[[nodiscard]] enum err log_open(const struct log_opts *opts, struct log **out);
void log_close(struct log *l); /* NULL is fine */
/* l may be NULL: then nothing is written (unit tests, fuzzers). */
void log_event(struct log *l, enum log_level level, const char *event, const struct log_field *fields, size_t n);

#define LOG_STR(k, v)                                                                                                  \
    {                                                                                                                  \
        .key = (k), .kind = LOG_F_STR, .s = (v)                                                                        \
    }
#define LOG_C(k, v)                                                                                                    \
    {                                                                                                                  \
        .key = (k), .kind = LOG_F_STR, .s = str_c(v)                                                                   \
    }
#define LOG_U64(k, v)                                                                                                  \
    {                                                                                                                  \
        .key = (k), .kind = LOG_F_U64, .u = (v)                                                                        \
    }
#define LOG_I64(k, v)                                                                                                  \
    {                                                                                                                  \
        .key = (k), .kind = LOG_F_I64, .i = (v)                                                                        \
    }
#define LOG_ERR(e)                                                                                                     \
    {                                                                                                                  \
        .key = "err", .kind = LOG_F_STR, .s = str_c(err_name(e))                                                       \
    }
#define LOG_ANY_(l, level, event, ...)                                                                                 \
    do {                                                                                                               \
        const struct log_field f_[] = { { .key = NULL }, __VA_ARGS__ };                                                \
        log_event((l), (level), (event), f_ + 1, COUNT(f_) - 1);                                                       \
    } while (0)
#define log_debug(l, event, ...) LOG_ANY_(l, LOG_DEBUG, event, __VA_ARGS__)
#define log_info(l, event, ...) LOG_ANY_(l, LOG_INFO, event, __VA_ARGS__)
#define log_warn(l, event, ...) LOG_ANY_(l, LOG_WARN, event, __VA_ARGS__)
#define log_error(l, event, ...) LOG_ANY_(l, LOG_ERROR, event, __VA_ARGS__)
