/* A SEARCH, SORT or THREAD under way: the same walk over the mailbox, and what each makes of what it finds. */
#pragma once
#include "serve/imap_state.h"
#include "wire/imap_search.h"
#include "wire/imap_sort.h"
#include "wire/imap_thread.h"

struct searching {
    struct imap_search q;
    struct imap_sort sort;
    enum imap_thread thread;
    struct imap_sort_record *sorts;
    struct imap_thread_record *threads;
    uint32_t *found; /* indices in the view: ascending, or in the order that SORT has put them in */
    size_t at, n;
    int64_t now_ms;
    bool by_saved; /* some key needs SAVEDATE */
    bool missing, failed;
    /* Does a message that was found have to be open to be noted? */
    bool opens;
    bool (*note)(struct imap_session *s, struct searching *w, size_t i); /* false: memory is out */
    void (*answer)(struct imap_session *s, struct searching *w);
};

/* Says what was found, as ESEARCH where RETURN was said or plain is NULL, else behind that name; keeps it where SAVE
 * was said, and ends the command. */
void searching_answer(struct imap_session *s, const struct searching *w, const char *plain);
/* Reads of the keys are done: begins to look. */
void searching_start(struct imap_session *s);
/* Keys that could not be read. */
void searching_bad(struct imap_session *s, const struct imap_search *q);
struct imap_search_context searching_context(const struct imap_session *s);
