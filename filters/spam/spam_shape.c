/* SPDX-License-Identifier: ISC
 * What a message is made of: its parts, and how much there is of what. */
#include "filters/spam/spam_walk.h"

static void take_part(struct spam_walk *walk, const struct mime_part *part)
{
    static const char *const encodings[] = {"identity", "qp", "base64", "uuencode", "other"};
    struct spam_phrase phrase = {.len = 0};
    if (part->parent >= 0) {
        spam_say(&phrase, slice_sub(walk->source->message->parts[part->parent].type, 0, 30));
        spam_say(&phrase, SLICE(" > "));
    }
    spam_say(&phrase, slice_sub(part->type, 0, 40));
    spam_take_phrase(walk, SPAM_TOKEN_SHAPE, &phrase);
    if (part->kind != MIME_LEAF)
        return;
    spam_say(&phrase, slice_sub(part->type, 0, 30));
    spam_say(&phrase, SLICE(" "));
    spam_say(&phrase, slice_of(encodings[part->encoding]));
    spam_say(&phrase, SLICE(" "));
    spam_say(&phrase, slice_sub(part->charset, 0, 16));
    spam_say(&phrase, SLICE(" "));
    spam_say(&phrase, slice_sub(part->disposition, 0, 10));
    spam_take_phrase(walk, SPAM_TOKEN_SHAPE, &phrase);
    spam_say(&phrase, slice_sub(part->type, 0, 30));
    spam_say(&phrase, SLICE(" size "));
    spam_say_size(&phrase, part->content.len);
    spam_take_phrase(walk, SPAM_TOKEN_SHAPE, &phrase);
}

static void take_amount(struct spam_walk *walk, struct slice what, size_t amount)
{
    struct spam_phrase phrase = {.len = 0};
    spam_say(&phrase, what);
    spam_say_size(&phrase, amount);
    spam_take_phrase(walk, SPAM_TOKEN_SHAPE, &phrase);
}

static void take_oddities(struct spam_walk *walk)
{
    for (enum malformation m = 0; m < MALFORMATION_COUNT; m++)
        if (malformations_has(&walk->source->message->malformations, m))
            spam_take(walk, SPAM_TOKEN_SHAPE, slice_of(malformation_name(m)));
}

static size_t count_of(const struct value *list)
{
    return list->state == VALUE_KNOWN ? list->list.count : 0;
}

void spam_walk_shape(struct spam_walk *walk)
{
    const struct mime_message *message = walk->source->message;
    size_t octets = 0, links = count_of(walk->source->links);
    for (size_t i = 0; i < count_of(walk->source->text); i++)
        octets += walk->source->text->list.items[i].text.len;
    for (size_t i = 0; i < message->n && i < SPAM_PARTS_MAX; i++)
        take_part(walk, &message->parts[i]);
    take_amount(walk, SLICE("parts "), message->n);
    take_amount(walk, SLICE("octets "), message->raw.len);
    take_amount(walk, SLICE("text "), octets);
    take_amount(walk, SLICE("paragraphs "), count_of(walk->source->text));
    take_amount(walk, SLICE("links "), links);
    take_amount(walk, SLICE("text for each link "), octets / (links + 1));
    take_oddities(walk);
}
