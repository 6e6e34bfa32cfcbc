/* The English word list of BIP 39, for recovery phrases and for names that people can say. */
#pragma once
#include "base/str.h"

enum { WORDS_N = 2048, WORDS_MAX = 8 };
extern const char words[WORDS_N][WORDS_MAX + 1];
int bip39_find(struct str word); /* lower case; its number, or -1 */
