/* What a crashed or damaged disk may hold where the store reads: records of the index, heads of segments, slots of
 * leases, the journal. Each parser is total, and what it accepts it writes back to the same bytes, unless it was of an
 * older version. The first octet says which. */
#include "store/embed_journal.h"
#include "store/record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same(struct str in, const uint8_t *out, size_t n)
{
    if (in.p[0] != (char)out[0])
        return; /* read, and written as the newest version */
    if (in.n != n || memcmp(in.p, out, n) != 0)
        abort();
}

static void fuzz_index(uint8_t kind, struct str in)
{
    static uint8_t out[REC_CRED_MAX + REC_FOLDER_MAX];
    struct box_rec box;
    struct store_cred cred = { .id = 1 };
    struct store_folder folder = { .no = 1 };
    struct row_rec row = { .row = { .uid = 1 } };
    struct store_gone gone = { .modseq = 1 };
    struct dup_rec dup;
    struct seg_rec seg;
    struct store_keyword keyword = { .flag = FLAG_KEYWORD(0) };
    if (kind == 0 && rec_box_parse(in, &box) == OK)
        same(in, out, rec_box_put(out, &box));
    if (kind == 1 && rec_cred_parse(in, &cred) == OK)
        same(in, out, rec_cred_put(out, &cred));
    if (kind == 2 && rec_folder_parse(in, &folder) == OK)
        same(in, out, rec_folder_put(out, &folder));
    if (kind == 3 && rec_row_parse(in, &row) == OK)
        same(in, out, rec_row_put(out, &row));
    if (kind == 4 && rec_gone_parse(in, &gone) == OK)
        same(in, out, rec_gone_put(out, &gone));
    if (kind == 5 && rec_dup_parse(in, &dup) == OK)
        same(in, out, rec_dup_put(out, &dup));
    if (kind == 6 && rec_seg_parse(in, &seg) == OK)
        same(in, out, rec_seg_put(out, &seg));
    if (kind == 9 && rec_keyword_parse(in, &keyword) == OK)
        same(in, out, rec_keyword_put(out, &keyword));
}

/* A segment is walked from head to head, as compaction does it: it ends, and never passes the file's end. The checksum
 * of each head is set right first, or nothing would get past it. */
static void fuzz_segment(struct str in)
{
    static uint8_t file[4096];
    size_t n = MIN(in.n, sizeof file);
    memcpy(file, in.p, n);
    for (size_t at = 0; at + REC_HEAD_N <= n;) {
        struct rec_head h;
        memset(file + at + 4, 0, 4);
        put_be32(file + at + 4, crypto_crc32c(0, str_of(file + at, REC_HEAD_N)));
        if (rec_head_parse(str_of(file + at, REC_HEAD_N), n - at - REC_HEAD_N, &h) != OK)
            return;
        if (rec_head_total(&h) < REC_HEAD_N || rec_head_total(&h) > n - at)
            abort();
        at += rec_head_total(&h);
    }
}

static void fuzz_lease(struct str in)
{
    uint8_t raw[REC_LEASE_N];
    struct lease_rec l;
    if (in.n != REC_LEASE_N)
        return;
    memcpy(raw, in.p, sizeof raw);
    memset(raw + 4, 0, 4);
    put_be32(raw + 4, crypto_crc32c(0, str_of(raw, sizeof raw)));
    uint32_t slot = get_be32(raw + 8);
    if (rec_lease_parse(str_of(raw, sizeof raw), slot, &l) == OK && l.slot != slot)
        abort();
    if (rec_lease_parse(str_of(raw, sizeof raw), slot + 1, &l) == OK)
        abort();
}

/* As many records as there are, each with its checksum set right, and what they change. */
static void fuzz_journal(struct str in)
{
    static uint8_t file[4096];
    size_t n = MIN(in.n, sizeof file);
    memcpy(file, in.p, n);
    struct str left = str_of(file, n), payload;
    for (uint64_t seq; left.n >= JOURNAL_HEAD_N;) {
        uint8_t *head = file + (left.p - (char *)file);
        uint64_t size = MIN(get_be64(head + 16), left.n - JOURNAL_HEAD_N);
        memset(head + 4, 0, 4);
        put_be32(head + 4, crypto_crc32c(0, str_of(head, JOURNAL_HEAD_N + size)));
        if (journal_record_parse(left, &seq, &payload) != OK)
            return;
        left = str_from(left, JOURNAL_HEAD_N + payload.n);
        struct journal_op op;
        while (journal_op_next(&payload, &op) == OK)
            if (op.key.n + op.val.n > n || (!op.put && op.val.n > 0))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct str in = str_of(data + 1, n - 1);
    uint8_t kind = data[0] % 11;
    if (kind < 7 || kind == 9)
        fuzz_index(kind, in);
    else if (kind == 7)
        fuzz_segment(in);
    else if (kind == 8)
        fuzz_lease(in);
    else
        fuzz_journal(in);
    return 0;
}
