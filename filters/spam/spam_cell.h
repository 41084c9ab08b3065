/* SPDX-License-Identifier: ISC
 * The cell of a token: which of the 2^18 numbers of a model it is counted in. Keyed with a secret of
 * the site, so that nobody outside can write words that share a cell with others. */
#ifndef FILTERS_SPAM_SPAM_CELL_H
#define FILTERS_SPAM_SPAM_CELL_H

#include "base/siphash.h"

enum { SPAM_CELL_BITS = 18, SPAM_CELLS = 1 << SPAM_CELL_BITS, SPAM_KEY_SIZE = 16 };

enum spam_token {
#define TOKEN(id, name) SPAM_TOKEN_##id,
#include "filters/spam/spam_tokens.def"
#undef TOKEN
    SPAM_TOKEN_COUNT
};

/* Static text. */
const char *spam_token_name(enum spam_token token);

struct spam_key {
    uint64_t words[2];
};

/* The same on every machine. */
struct spam_key spam_key_of(const uint8_t octets[static SPAM_KEY_SIZE]);

uint32_t spam_cell(const struct spam_key *key, enum spam_token token, struct slice text);

/* The same for a text of exactly four octets. SipHash-1-3: a message has thousands of them. */
static inline uint32_t spam_cell_gram(const struct spam_key *key, enum spam_token token,
                                      const char octets[static 4])
{
    struct siphash s = siphash_begin(key->words);
    siphash_mix(&s, siphash_word(octets, 4) | (uint64_t)token << 48 | (uint64_t)4 << 56, 1);
    return (uint32_t)(siphash_end(s, 3) >> (64 - SPAM_CELL_BITS));
}

#endif
