#include "base/base64.h"

size_t base64_quanta(uint8_t *to, struct str in) { return base64_quanta_portable(to, in); }

char *base64_chars(char *to, struct str in, size_t quanta) { return base64_chars_portable(to, in, quanta); }
