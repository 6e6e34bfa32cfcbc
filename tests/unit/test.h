/* A thin coat over cmocka. One test program a file: TEST() registers by itself, test.c has the main(). */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h> /* uses what stands above */

void test_register(const char *name, void (*run)(void **));
void test_check(bool ok, const char *what, const char *file, int line);
void test_check_eq(int64_t got, int64_t want, const char *what, const char *file, int line);
void test_check_str(const char *what, struct str got, const char *want, const char *file, int line);
/* A folder of this program's own under /tmp, made at first use, removed with all in it when the program ends. */
const char *test_dir(void);
double cpu_seconds(void); /* of this thread, so far */

#define TEST(name)                                                                                                     \
    static void test_##name(void);                                                                                     \
    static void test_run_##name(void **) { test_##name(); }                                                            \
    __attribute__((constructor)) static void test_add_##name(void) { test_register(#name, test_run_##name); }          \
    static void test_##name(void)

#define CHECK(cond) test_check((cond), #cond, __FILE__, __LINE__)
#define CHECK_EQ(a, b) test_check_eq((int64_t)(a), (int64_t)(b), #a " == " #b, __FILE__, __LINE__)
#define CHECK_STR(what, got, want) test_check_str((what), (got), (want), __FILE__, __LINE__)
#define CHECK_OK(e)                                                                                                    \
    do {                                                                                                               \
        enum err check_e_ = (e);                                                                                       \
        if (check_e_ != OK)                                                                                            \
            print_error("%s is %s\n", #e, err_name(check_e_));                                                         \
        test_check(check_e_ == OK, #e, __FILE__, __LINE__);                                                            \
    } while (0)
