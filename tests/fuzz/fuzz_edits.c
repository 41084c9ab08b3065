/* SPDX-License-Identifier: ISC
 * Edits of a message: what a server un-stuffs is one message, of the size that was told. The first
 * bytes say which edits; the rest is the message. */
#include "proxy/smtp/edits.h"

#include "tests/fuzz/target.h"
#include "tests/proxy/smtp/data_reference.h"

enum { EDITS = 4, MESSAGE_MOST = 8000 };

static struct decoded message, received;
static char wire[64 * 1024];

static struct edit edit_of(uint8_t byte)
{
    static const enum action kinds[] = {ACTION_HEADER_ADD, ACTION_HEADER_REMOVE,
                                        ACTION_SUBJECT_PREFIX, ACTION_STRIP};
    static const struct slice names[] = {
        {"Subject", 7}, {"X-A", 3}, {"Content-Type", 12}, {"To", 2}};
    return (struct edit){.kind = kinds[byte & 3],
                         .name = names[byte >> 2 & 3],
                         .value = byte & 16 ? SLICE("..value") : SLICE("[X] "),
                         .part = byte >> 5};
}

static void check(const struct edited *out, const struct edit_input *input)
{
    size_t n = 0;
    for (size_t i = 0; i < out->count; i++) {
        require(n + out->pieces[i].iov_len <= sizeof wire);
        memcpy(wire + n, out->pieces[i].iov_base, out->pieces[i].iov_len);
        n += out->pieces[i].iov_len;
    }
    reference_decode((struct slice){wire, n}, false, false, &received);
    require(received.ended && received.used == n && received.len == out->size);
    if (input->edit_count == 0)
        require(received.len == input->message.len &&
                memcmp(received.content, input->message.ptr, received.len) == 0);
}

FUZZ(in)
{
    if (in.len < EDITS + 9 || in.len > MESSAGE_MOST)
        return;
    const uint8_t *data = (const uint8_t *)in.ptr;
    struct edit edits[EDITS];
    for (size_t i = 0; i < EDITS; i++)
        edits[i] = edit_of(data[i + 1]);
    /* A message as DATA would have made it: lines end with CRLF. */
    reference_decode(slice_from(in, EDITS + 9), true, true, &message);
    if (message.len && message.content[message.len - 1] != '\n')
        decoded_put(&message, "\r\n", 2);
    uint64_t unit = message.len / 16 + 1;
    struct part_range parts[] = {
        {1, data[5] % 17 * unit, data[6] % 17 * unit, data[7] % 18 * unit, false},
        {2, data[8] % 17 * unit, data[9] % 17 * unit, data[10] % 18 * unit, data[11] & 1},
        {3, 0, data[12] % 17 * unit, message.len, false},
    };
    struct edit_input input = {.message = {message.content, message.len},
                               .edits = edits,
                               .edit_count = data[0] % (EDITS + 1),
                               .parts = parts,
                               .part_count = 3,
                               .dots = true};
    /* Ranges begin and end with lines, as the MIME parser's do. */
    for (size_t i = 0; i < 3; i++) {
        uint64_t *ends[] = {&parts[i].header, &parts[i].body, &parts[i].end};
        for (size_t n = 0; n < 3; n++)
            while (*ends[n] > 0 && *ends[n] < message.len && message.content[*ends[n] - 1] != '\n')
                --*ends[n];
    }
    struct arena *arena = arena_new(data[0] & 128 ? 1024 : 1024 * 1024);
    struct edited out;
    if (arena && edits_apply(arena, &input, &out)) {
        check(&out, &input);
        edited_free(&out);
    }
    arena_free(&arena);
}
