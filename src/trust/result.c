#include "trust/result.h"

struct str result_name(enum result r)
{
    static const struct str names[RESULT_COUNT] = {
        [RESULT_NONE] = STR("none"),           [RESULT_PASS] = STR("pass"),           [RESULT_NEUTRAL] = STR("neutral"),
        [RESULT_SOFTFAIL] = STR("softfail"),   [RESULT_FAIL] = STR("fail"),           [RESULT_POLICY] = STR("policy"),
        [RESULT_TEMPERROR] = STR("temperror"), [RESULT_PERMERROR] = STR("permerror"),
    };
    return names[r];
}
