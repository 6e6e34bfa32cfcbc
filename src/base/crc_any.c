#include "base/crc.h"
#include "base/crypto.h"

uint32_t crypto_crc32c(uint32_t seed, struct str in) { return crc32c_portable(seed, in); }
