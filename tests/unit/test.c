#include "test.h"
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TESTS_MAX = 256 };
static struct CMUnitTest tests[TESTS_MAX];
static size_t test_n;
static char dir[] = "/tmp/mayfly-test-XXXXXX";
static bool dir_made;

void test_register(const char *name, void (*run)(void **))
{
    if (test_n == TESTS_MAX)
        abort();
    tests[test_n++] = (struct CMUnitTest){ .name = name, .test_func = run };
}

void test_check(bool ok, const char *what, const char *file, int line)
{
    if (!ok)
        print_error("failed: %s\n", what);
    _assert_true(ok, what, file, line);
}

void test_check_eq(int64_t got, int64_t want, const char *what, const char *file, int line)
{
    if (got == want)
        return;
    print_error("failed: %s: got %lld, want %lld\n", what, (long long)got, (long long)want);
    _fail(file, line);
}

static void print_escaped(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        print_error(c >= ' ' && c < 0x7f && c != '\\' ? "%c" : "\\x%02x", c);
    }
    print_error("\n");
}

void test_check_str(const char *what, struct str got, const char *want, const char *file, int line)
{
    if (str_eq(got, str_c(want)))
        return;
    print_error("failed: %s\n  got:  ", what);
    print_escaped(got);
    print_error("  want: ");
    print_escaped(str_c(want));
    _fail(file, line);
}

static int remove_one(const char *path, const struct stat *, int, struct FTW *) { return remove(path); }

static void remove_dir(void) { nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

const char *test_dir(void)
{
    if (!dir_made && !mkdtemp(dir))
        abort();
    if (!dir_made)
        atexit(remove_dir);
    dir_made = true;
    return dir;
}

double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void) { return _cmocka_run_group_tests(program_invocation_short_name, tests, test_n, NULL, NULL); }
