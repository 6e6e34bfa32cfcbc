/* Most octets of most large mails are files in base64, which zstd can but code in six bits a character, character by
 * character; the octets themselves are as small for no work at all. Those that noise would look like (pictures,
 * archives, whatever is packed already) are kept as they are, the others go into the frame, where zstd finds in them
 * what base64 hid. A run is whole lines of one length, so that it can be written again to the octet: what is not of
 * that shape, a padded last quantum for one, is text. */
#include "core/chunk.h"
#include "base/base64.h"
#include "base/zip.h"
#include <string.h>

enum {
    SMALL = 4096, /* octets: coding the literals of less saves a fiftieth of a mail, and is a fourth of the work */
    LEVEL = 1,
    LEVEL_SMALL = -1,
    MARK = 'B', /* a zstd frame begins with 0x28 */
    HEAD_N = 1 + 2 + 4,
    RUN_N = 4 + 4 + 1 + 1,
    LINE_MIN = 40, /* characters; mail has 60 to 76 */
    LINE_MAX = 4 * UINT8_MAX,
    LINE_LOOK = LINE_MAX + 64, /* looked ahead, so that what follows a line does not slow its end down */
    RUN_MIN = 512,             /* characters, below which a run is not worth its entry */
    RUNS_MAX = UINT16_MAX,
    BEHIND = 256, /* octets: room for what mostly follows a run, a boundary and a few fields */
};

struct run {
    uint32_t before, quanta; /* octets of text since the run before it; quanta of four characters, three octets */
    uint8_t line;            /* quanta between two line ends; the last line may be shorter, and then has none */
    uint8_t noise;           /* 1: its octets stand behind the frame; 0: in it */
};

static size_t run_chars(const struct run *r) { return 4 * (size_t)r->quanta; }
static size_t run_octets(const struct run *r) { return 3 * (size_t)r->quanta; }
static size_t run_length(const struct run *r) { return run_chars(r) + 2 * (size_t)(r->quanta / r->line); }

/* ---- packing ---- */

struct split {
    struct buf runs, text, noise;
    size_t runs_n;
};

/* Whether octets are spread as evenly as a packed file's: pairs of equal ones are counted, and noise has one in 256.
 * With a quarter more than that zstd would gain less than a twentieth. */
static bool is_noise(struct str octets)
{
    enum { SAMPLE = 512 };
    uint16_t seen[256] = { 0 };
    uint32_t pairs = 0, n = (uint32_t)MIN(octets.n, (size_t)SAMPLE);
    for (size_t i = 0, step = octets.n / n; i < n; i++)
        pairs += seen[(uint8_t)octets.p[i * step]]++;
    return pairs * 2 * 256 * 4 < n * (n - 1) * 5;
}

/* Whether a line may be one of a run: in prose there is a blank. */
static bool may_be_line(struct str line)
{
    return line.n >= LINE_MIN && line.n <= LINE_MAX && line.n % 4 == 0 && str_chr(line, ' ') == STR_NONE;
}

/* Appends the octets of the characters at the front, up to the first that is none of base64's; how many those were. */
static size_t take_line(struct buf *octets, struct str in)
{
    size_t n = base64_quanta((uint8_t *)octets->p + octets->n, str_sub(in, 0, LINE_LOOK));
    octets->n += n / 4 * 3;
    return n;
}

static bool ends_line(struct str in, size_t n) { return str_starts(str_from(in, n), S("\r\n")); }

/* Takes the run of such lines at the front, its octets to the end of noise; false when there is none worth it. */
static bool take_run(struct split *s, struct str in, size_t line, struct run *r)
{
    size_t at = 0, n = 0, before = s->noise.n;
    if (s->runs_n == RUNS_MAX || buf_reserve(&s->noise, in.n / 4 * 3) == NULL)
        return false;
    while ((n = take_line(&s->noise, str_from(in, at))) == line && ends_line(in, at + n))
        at += line + 2;
    if (n >= line) /* of another length: it may begin a run of its own */
        s->noise.n -= n / 4 * 3;
    *r = (struct run){ .quanta = (uint32_t)((s->noise.n - before) / 3), .line = (uint8_t)(line / 4) };
    if (at > 0 && run_chars(r) >= RUN_MIN)
        return true;
    s->noise.n = before;
    return false;
}

static void put32(struct buf *b, uint32_t v)
{
    uint8_t x[4];
    put_be32(x, v);
    buf_put(b, str_of(x, sizeof x));
}

static void put_run(struct split *s, struct str before, struct run *r)
{
    struct str octets = str_from(buf_str(&s->noise), s->noise.n - run_octets(r));
    r->noise = is_noise(octets);
    (void)buf_reserve(&s->text, MIN(before.n + (r->noise ? 0 : octets.n) + BEHIND, s->text.max - s->text.n));
    buf_put(&s->text, before);
    if (!r->noise) {
        buf_put(&s->text, octets);
        s->noise.n -= octets.n;
    }
    put32(&s->runs, (uint32_t)before.n);
    put32(&s->runs, r->quanta);
    buf_putc(&s->runs, (char)r->line);
    buf_putc(&s->runs, (char)r->noise);
    s->runs_n++;
}

/* Runs begin where lines do. */
static void split(struct split *s, struct str in)
{
    struct str text = in; /* not put yet */
    for (size_t at = 0, eol; at < in.n && (eol = str_chr(str_from(in, at), '\n')) != STR_NONE; at += eol + 1) {
        struct str rest = str_from(in, at);
        struct run r;
        struct str line = str_sub(rest, 0, eol > 0 ? eol - 1 : 0);
        if (!may_be_line(line) || !take_run(s, rest, line.n, &r))
            continue;
        put_run(s, str_sub(text, 0, text.n - rest.n), &r);
        text = str_from(rest, run_length(&r));
        eol = run_length(&r) - 1;
    }
    if (s->runs_n > 0)
        buf_put(&s->text, text);
}

static enum err put_frame(struct buf *out, struct str s) { return zip_pack(out, s, s.n < SMALL ? LEVEL_SMALL : LEVEL); }

static enum err put_parts(struct buf *out, const struct split *s)
{
    size_t head = out->n, most = HEAD_N + s->runs.n + s->text.n + s->text.n / 256 + 64 + s->noise.n;
    if (buf_reserve(out, most) == NULL) /* in one piece: growing copies, and wipes */
        return ERR_FULL;
    buf_putc(out, MARK);
    buf_putc(out, (char)(s->runs_n >> 8));
    buf_putc(out, (char)s->runs_n);
    put32(out, 0);
    buf_put(out, buf_str(&s->runs));
    size_t frame = out->n;
    enum err e = put_frame(out, buf_str(&s->text));
    if (e != OK)
        return e;
    put_be32((uint8_t *)out->p + head + HEAD_N - 4, (uint32_t)(out->n - frame));
    buf_put(out, buf_str(&s->noise));
    return out->failed ? ERR_FULL : OK;
}

static void split_fini(struct split *s)
{
    buf_fini(&s->runs);
    buf_fini(&s->text);
    buf_fini(&s->noise);
}

enum err chunk_pack(struct buf *out, struct str in)
{
    struct split s = { .runs.max = in.n, .text = { .max = in.n, .secret = true } };
    s.noise = (struct buf){ .max = in.n, .secret = true };
    split(&s, in);
    enum err e = ERR_IO;
    if (!s.runs.failed && !s.text.failed && !s.noise.failed)
        e = s.runs_n > 0 ? put_parts(out, &s) : put_frame(out, in);
    split_fini(&s);
    return e;
}

/* ---- unpacking ---- */

static struct run get_run(struct str *runs)
{
    const uint8_t *p = (const uint8_t *)runs->p;
    *runs = str_from(*runs, RUN_N);
    return (struct run){ get_be32(p), get_be32(p + 4), p[8], p[9] };
}

/* The next n octets of *from. */
static struct str cut(struct str *from, size_t n)
{
    struct str s = str_sub(*from, 0, n);
    *from = str_from(*from, n);
    return s;
}

/* out has room. */
static void put_lines(struct buf *out, struct str octets, const struct run *r)
{
    char *to = out->p + out->n;
    for (size_t left = r->quanta, n; left > 0; left -= n) {
        n = MIN(left, (size_t)r->line);
        to = base64_chars(to, octets, n);
        octets = str_from(octets, 3 * n);
        if (n == r->line)
            to = mempcpy(to, "\r\n", 2);
    }
    out->n += run_length(r);
}

static bool join(struct buf *out, struct str runs, struct str text, struct str noise, size_t max)
{
    size_t end = out->n + max;
    while (runs.n > 0) {
        struct run r = get_run(&runs);
        struct str *from = r.noise ? &noise : &text;
        size_t room = end - out->n;
        if (r.line == 0 || r.noise > 1 || r.before > MIN(room, text.n))
            return false;
        buf_put(out, cut(&text, r.before));
        if (run_octets(&r) > from->n || run_length(&r) > room - r.before || buf_reserve(out, run_length(&r)) == NULL)
            return false;
        put_lines(out, cut(from, run_octets(&r)), &r);
    }
    buf_put(out, text);
    return noise.n == 0 && out->n <= end && !out->failed;
}

enum err chunk_unpack(struct buf *out, struct str in, size_t max)
{
    AUTO_BUF struct buf text = { .max = max, .secret = true };
    size_t start = out->n;
    if (in.n < HEAD_N || in.p[0] != MARK)
        return zip_unpack(out, in, max);
    const uint8_t *head = (const uint8_t *)in.p;
    struct str rest = str_from(in, HEAD_N);
    struct str runs = cut(&rest, ((size_t)head[1] << 8 | head[2]) * RUN_N);
    struct str frame = cut(&rest, get_be32(head + 3));
    if (runs.n % RUN_N != 0)
        return ERR_BAD;
    enum err e = zip_unpack(&text, frame, max);
    if (e == OK && !join(out, runs, buf_str(&text), rest, max)) {
        out->n = start;
        e = out->failed ? ERR_FULL : ERR_BAD;
    }
    return e;
}
