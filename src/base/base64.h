/* Base64 as bodies have it (RFC 4648 section 4): whole quanta, four characters that are three octets. What stands
 * between and behind them is the caller's. */
#pragma once
#include "base/str.h"

/* Decodes quanta from the front up to the first that is none, or until fewer than four characters are left; how many
 * characters that took. to has room for 3 octets a quantum of in. */
size_t base64_quanta(uint8_t *to, struct str in);
size_t base64_quanta_portable(uint8_t *to, struct str in); /* the same without special instructions */
int base64_value(char c);                                  /* -1: not in the alphabet */
