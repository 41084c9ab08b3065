/* SPDX-License-Identifier: ISC
 * The digest of a body: the same of the same octets, and of what differs in digits alone. What its writer has written: no
 * more than there is, and no digit. */
#include "proxy/examine/body_text.h"
#include "proxy/examine/own_words.h"
#include "tests/fuzz/target.h"

#include <string.h>

FUZZ(message)
{
    uint8_t one[BODY_TEXT_DIGEST], other[BODY_TEXT_DIGEST];
    char *changed = malloc(message.len + 1);
    if (!changed)
        return;
    for (size_t i = 0; i < message.len; i++)
        changed[i] = ascii_digit(message.ptr[i]) ? '7' : message.ptr[i];
    bool said = body_text_digest(message, one);
    if (said != body_text_digest((struct slice){changed, message.len}, other) ||
        (said && memcmp(one, other, sizeof one) != 0))
        abort();
    size_t words = own_words(message);
    require(words <= message.len && words <= OWN_WORDS_MAX);
    require(words == own_words((struct slice){changed, message.len}));
    free(changed);
}
