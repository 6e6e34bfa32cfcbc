/* Base64 as bodies have it (RFC 4648 section 4): whole quanta, four characters that are three octets. What stands
 * between and behind them is the caller's. */
#pragma once
#include "base/str.h"

/* Decodes quanta from the front up to the first that is none, or until fewer than four characters are left; how many
 * characters that took. to has room for 3 octets a quantum of in. */
size_t base64_quanta(uint8_t *to, struct str in);
size_t base64_quanta_portable(uint8_t *to, struct str in); /* the same without special instructions */
/* Encodes that many quanta at the front of in, and returns where their characters end. in may have more octets: they
 * are looked at, so that the last of these are not slow. */
char *base64_chars(char *to, struct str in, size_t quanta);
char *base64_chars_portable(char *to, struct str in, size_t quanta);
int base64_value(char c); /* -1: not in the alphabet */
