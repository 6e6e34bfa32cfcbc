/* From the committer to the maintenance thread: boxes to end, ranges to punch out. */
#pragma once
#include "store/embed_state.h"

struct handover;
[[nodiscard]] enum err handover_new(struct handover **out);
void handover_free(struct handover *h);
void handover_end(struct handover *h, struct store_end *q); /* takes it */
void handover_punch(struct handover *h, const struct punch *p, size_t n);
void handover_stop(struct handover *h);

struct job *handover_ends(struct handover *h); /* all, oldest first, linked by job.next */
size_t handover_take_punches(struct handover *h, struct punch *out, size_t max); /* how many */
/* Until there is an end, it was told to stop, or so many ms are over. False: stop, and no end waits. */
bool handover_wait(struct handover *h, int64_t ms);
