/* What a file is by its first bytes alone: a table. */
#pragma once
#include "base/str.h"

/* A static media type, lower-case; empty where nothing tells. */
struct str magic_type(struct str bytes);
