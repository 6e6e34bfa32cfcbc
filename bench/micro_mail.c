/* What one message costs the loop that took it, without sockets and store: understood, packed, sealed, as
 * core/deliver.c does it. */
#include "base/rand.h"
#include "base/secret.h"
#include "core/pack.h"
#include "core/understand.h"
#include "io/file.h"
#include "micro.h"
#include "trust/rules.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS = 3, FILE_MAX = 64 << 20 };

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool once(struct str raw, const struct seal_window *w, double us[STEPS])
{
    static const struct box_id box;
    static const struct msg_id msg;
    static const uint8_t lease[KEY_N];
    AUTO_ARENA struct arena a = { .max = UNDERSTAND_ARENA, .secret = true };
    AUTO_BUF struct buf json = { .max = SUMMARY_MAX * 4, .secret = true };
    AUTO_BUF struct buf sealed = { .max = FILE_MAX };
    struct mime_tree tree;
    struct content content;
    struct symbols symbols = { 0 };
    struct pack p = { 0 };
    size_t env_n, hdr_n;
    const char *why;
    double t0 = cpu_us();
    enum err e = understand(&a, raw, &tree, &content, &json, &why);
    if (e == OK)
        rules_run(&content, &symbols);
    understand_put_trust(&json, S(""), &symbols);
    double t1 = cpu_us();
    if (e == OK)
        e = pack_make(&p, &a, raw, &tree);
    double t2 = cpu_us();
    (void)buf_reserve(&sealed, p.frames.n + p.hdr.n + json.n + 1024); /* as core/sealed.c does */
    if (e == OK)
        e = pack_seal(&p, &sealed, w, lease, &box, &msg, buf_str(&json), &env_n, &hdr_n);
    pack_fini(&p);
    us[0] += t1 - t0;
    us[1] += t2 - t1;
    us[2] += cpu_us() - t2;
    return e == OK;
}

int micro_mail(int argc, char **argv)
{
    AUTO_BUF struct buf raw = { .max = FILE_MAX };
    static const uint8_t pub[KEY_N] = { 9 };
    struct seal_window w;
    double us[STEPS] = { 0 };
    int n = argc > 1 ? atoi(argv[1]) : 2000;
    if (argc < 1 || file_load(argv[0], FILE_MAX, &raw) != OK || seal_window_open(&w, pub, 1, 0) != OK)
        return 1;
    mallopt(M_MMAP_THRESHOLD, 256 * 1024); /* as the daemon runs */
    for (int i = 0; i < n; i++)
        if (!once(buf_str(&raw), &w, us))
            return 1;
    printf("%d messages of %zu octets, CPU us each: understand %.1f, pack %.1f, seal %.1f\n", n, raw.n, us[0] / n,
           us[1] / n, us[2] / n);
    return 0;
}
