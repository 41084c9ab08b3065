/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_cell.h"

const char *spam_token_name(enum spam_token token)
{
    static const char *const names[] = {
#define TOKEN(id, name) name,
#include "filters/spam/spam_tokens.def"
#undef TOKEN
    };
    return names[token];
}

struct spam_key spam_key_of(const uint8_t octets[static SPAM_KEY_SIZE])
{
    const char *bytes = (const char *)octets;
    return (struct spam_key){{siphash_word(bytes, 8), siphash_word(bytes + 8, 8)}};
}

/* Six octets a word: the other two tell the token and how long the text is, so that no two texts are
 * hashed as the same words. */
uint32_t spam_cell(const struct spam_key *key, enum spam_token token, struct slice text)
{
    enum { STEP = 6 };
    struct siphash s = siphash_begin(key->words);
    uint64_t mark = (uint64_t)token << 48 | (uint64_t)(text.len & 0xff) << 56;
    size_t at = 0;
    for (; text.len - at > STEP; at += STEP)
        siphash_mix(&s, siphash_word(text.ptr + at, STEP) | mark, 1);
    siphash_mix(&s, siphash_word(text.ptr + at, text.len - at) | mark, 1);
    return (uint32_t)(siphash_end(s, 3) >> (64 - SPAM_CELL_BITS));
}
