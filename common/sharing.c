/* SPDX-License-Identifier: ISC */
#include "common/sharing.h"

bool sharing_say(struct sharing_words *words, struct slice word)
{
    if (words->count == SHARING_WORDS)
        return false;
    words->each[words->count++] = word;
    return true;
}

static void pack_words(struct buf *out, const struct sharing_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        pack_slice(out, words->each[i]);
}

/* All that is left. */
static bool unpack_words(struct unpack *in, struct sharing_words *words)
{
    words->count = 0;
    while (in->left.len && !in->bad)
        if (!sharing_say(words, unpack_slice(in)))
            return false;
    return unpack_done(in);
}

void sharing_question_pack(struct buf *out, const struct sharing_question *question)
{
    pack_u64(out, question->number);
    pack_u64(out, (uint64_t)question->deadline);
    pack_u8(out, (uint8_t)question->script);
    pack_slice(out, question->gateway);
    pack_words(out, &question->words);
}

static bool is_gateway(struct slice text)
{
    bool is = text.len == SHARING_GATEWAY;
    for (size_t i = 0; is && i < text.len; i++)
        is = hex_digit(text.ptr[i]) >= 0;
    return is;
}

bool sharing_question_unpack(struct slice payload, struct sharing_question *question)
{
    struct unpack in = {.left = payload};
    question->number = unpack_u64(&in);
    question->deadline = (int64_t)unpack_u64(&in);
    unsigned script = unpack_u8(&in);
    question->script = (enum sharing_script)script;
    question->gateway = unpack_slice(&in);
    return script < SHARING_SCRIPTS && is_gateway(question->gateway) &&
           unpack_words(&in, &question->words);
}

void sharing_answer_pack(struct buf *out, const struct sharing_answer *answer)
{
    pack_u64(out, answer->number);
    pack_u8(out, answer->ok);
    pack_words(out, &answer->words);
}

bool sharing_answer_unpack(struct slice payload, struct sharing_answer *answer)
{
    struct unpack in = {.left = payload};
    answer->number = unpack_u64(&in);
    unsigned ok = unpack_u8(&in);
    answer->ok = ok == 1;
    return ok <= 1 && unpack_words(&in, &answer->words) && (answer->ok || !answer->words.count);
}
