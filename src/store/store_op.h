/* What a backend needs to know of a request: its kind, to find what runs it, and its size, to wipe it. */
#pragma once
#include "store/store.h"

enum store_kind {
    STORE_CREATE,
    STORE_FIND,
    STORE_LOGIN,
    STORE_RECRED,
    STORE_CHANGE,
    STORE_END,
    STORE_APPEND,
    STORE_LIST,
    STORE_GET,
    STORE_READ,
    STORE_FLAG,
    STORE_MOVE,
    STORE_DELETE,
    STORE_FOLDERS,
    STORE_CHANGES,
    STORE_FOLDER_PUT,
    STORE_FOLDER_DEL,
    STORE_RECENT,
    STORE_KEYWORD_PUT,
    STORE_KEYWORDS,
    STORE_TASK /* a backend's own work, queued like a request; never made by STORE_NEW */
};
struct store_op {
    enum store_kind kind;
    size_t size;
    bool writes; /* goes through the committer; others are read on the spot */
};

/* On the home loop: done(), then the request is wiped and freed. What a backend posts as its answer. */
void store_req_answer(struct job *j);
