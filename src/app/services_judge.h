/* How mail that comes in is judged, from the settings. */
#pragma once
#include "app/context.h"
#include "core/judge.h"

/* budget outlives the options; loop, work and server are deliver's own. */
struct judge_opts services_judge(const struct app *a, struct intake_budget *budget);
