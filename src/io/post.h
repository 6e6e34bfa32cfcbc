/* A job for another loop: the only way state crosses threads (STYLE 20). Intrusive, so posting never allocates and
 * never fails. The sender gives the job away; run() is called once, on the loop's thread, in the order posted. */
#pragma once

struct loop;
struct job {
    struct job *next; /* the queue's */
    void (*run)(struct job *j);
};

void post(struct loop *to, struct job *j); /* any thread */
