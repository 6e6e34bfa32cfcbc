/* CRC-32C without special instructions; crypto_crc32c() is what others call. */
#pragma once
#include "base/str.h"

uint32_t crc32c_portable(uint32_t seed, struct str in);
