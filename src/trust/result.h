/* The words of RFC 8601 section 2.7 for what a check found. */
#pragma once
#include "base/str.h"

enum result {
    RESULT_NONE, /* nothing there to be checked */
    RESULT_PASS,
    RESULT_NEUTRAL,
    RESULT_SOFTFAIL,
    RESULT_FAIL,
    RESULT_POLICY, /* good in itself, but our own rules do not take it: a weak key */
    RESULT_TEMPERROR,
    RESULT_PERMERROR,
    RESULT_COUNT
};
struct str result_name(enum result r); /* "pass" */
