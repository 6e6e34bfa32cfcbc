/* THREAD=REFERENCES, for imap_thread.c alone. */
#pragma once
#include "wire/imap_thread.h"

[[nodiscard]] enum err imap_thread_refs_put(struct buf *out, const struct imap_thread_record *v, size_t n,
                                            struct arena *a);
