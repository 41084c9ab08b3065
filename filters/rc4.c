/* SPDX-License-Identifier: ISC */
#include "filters/rc4.h"

#include <stdint.h>

enum { STATES = 256 };

void rc4(struct slice key, char *data, size_t len)
{
    uint8_t state[STATES], i = 0, j = 0;
    for (unsigned k = 0; k < STATES; k++)
        state[k] = (uint8_t)k;
    for (unsigned k = 0; k < STATES; k++) {
        uint8_t old = state[k];
        j = (uint8_t)(j + old + (uint8_t)key.ptr[k % key.len]);
        state[k] = state[j];
        state[j] = old;
    }
    j = 0;
    for (size_t k = 0; k < len; k++) {
        uint8_t old = state[++i];
        j = (uint8_t)(j + old);
        state[i] = state[j];
        state[j] = old;
        data[k] ^= (char)state[(uint8_t)(state[i] + old)];
    }
}
