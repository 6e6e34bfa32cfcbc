/* The embedded backend keeps the contract. */
#include "contract.h"

__attribute__((constructor)) static void add(void) { contract_add(); }
