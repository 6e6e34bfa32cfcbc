/* How mail that comes in is judged, from the settings. */
#pragma once
#include "app/context.h"
#include "core/judge.h"

/* budget (NULL: none) and scanners outlive the options; loop, work and server are deliver's own. */
struct judge_opts services_judge(struct app *a, struct intake_budget *budget, struct scanners *scanners);
