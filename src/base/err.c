#include "base/err.h"

const char *err_name(enum err e)
{
    switch (e) {
    case OK:
        return "ok";
    case ERR_MORE:
        return "more";
    case ERR_BAD:
        return "bad";
    case ERR_FULL:
        return "full";
    case ERR_DENIED:
        return "denied";
    case ERR_BUSY:
        return "busy";
    case ERR_GONE:
        return "gone";
    case ERR_IO:
        return "io";
    }
    return "?";
}
