/* SPDX-License-Identifier: ISC
 * A message as a scanner has it when it asks for its vector. */
#ifndef TESTS_FILTERS_SPAM_SPAM_MESSAGE_H
#define TESTS_FILTERS_SPAM_SPAM_MESSAGE_H

#include "filters/links/links.h"
#include "filters/spam/spam_features.h"
#include "filters/text/message_text.h"
#include "tests/harness/unit.h"

struct examined {
    struct mime_message message;
    struct value text, links;
    struct spam_source source;
};

static inline void examine_for_spam(struct arena *arena, struct slice octets, struct examined *out)
{
    struct value domains;
    assert_true(mime_parse(arena, octets, &mime_limits_default, &out->message));
    assert_true(message_text(arena, &out->message, &out->text, NULL));
    struct links *links = links_new(arena, &out->message, LINKS_TEXT_MAX);
    links_list_too(links, LINK_SOURCE_FILE);
    links_in_message(links, &out->message);
    out->links = links_listed(links);
    links_end(&links, &domains);
    out->source = (struct spam_source){&out->message, &out->text, &out->links};
}

static inline struct slice vector_of(struct arena *arena, const char *message,
                                     const uint8_t key[static SPAM_KEY_SIZE])
{
    struct examined examined;
    struct spam_key words = spam_key_of(key);
    struct slice vector;
    examine_for_spam(arena, slice_of(message), &examined);
    assert_true(spam_features(arena, &examined.source, &words, &vector));
    return vector;
}

#endif
