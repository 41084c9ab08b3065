/* SPDX-License-Identifier: ISC
 * A message in which everything is overlaid: no line begins or ends elsewhere, no dot is more or less, and the header stands
 * as it stood. Any other range leaves as much. */
#include "filters/mime/headers.h"
#include "filters/redaction.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 1 << 18 };

static bool begins_line(const char *text, size_t i)
{
    return i == 0 || text[i - 1] == '\n';
}

static void check_same_frame(const char *before, const char *after, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool breaks = before[i] == '\r' || before[i] == '\n';
        require(breaks == (after[i] == '\r' || after[i] == '\n') &&
                (!breaks || before[i] == after[i]));
        if (begins_line(before, i))
            require((before[i] == '.') == (after[i] == '.'));
    }
}

static void check_ranges(struct arena *arena, struct slice in, const struct mime_message *message,
                         bool all, char *copy)
{
    uint32_t parts[2] = {in.len % 5, in.len % 3};
    struct redaction_wanted wanted = {all, parts, 2};
    struct redaction_ranges ranges;
    uint64_t end = 0;
    if (!redaction_ranges(arena, message, &wanted, &ranges))
        return;
    memcpy(copy, in.ptr, in.len);
    for (size_t i = 0; i < ranges.count; i++) {
        require(ranges.items[i].from >= end && ranges.items[i].to > ranges.items[i].from);
        end = ranges.items[i].to;
        require(end <= in.len);
        overlay(copy, in.len, ranges.items[i], SLICE("[Gatepost has removed this]"));
    }
    check_same_frame(in.ptr, copy, in.len);
    require(memcmp(copy, in.ptr, message->parts[0].header.to) == 0);
}

FUZZ(in)
{
    if (in.len == 0 || in.len > MESSAGE_MAX)
        return;
    struct arena *arena = arena_new(64 << 20);
    char *copy = malloc(in.len);
    struct mime_message message;
    require(arena && copy);
    if (mime_parse(arena, in, &mime_limits_default, &message) && message.n) {
        check_ranges(arena, in, &message, true, copy);
        check_ranges(arena, in, &message, false, copy);
    }
    for (int encoding = 0; encoding < OVERLAY_ENCODINGS; encoding++) {
        struct overlay_range range = {in.len / 3, in.len * 2, (enum overlay_encoding)encoding};
        memcpy(copy, in.ptr, in.len);
        overlay(copy, in.len, range, SLICE("\xff...= notice"));
        check_same_frame(in.ptr, copy, in.len);
    }
    free(copy);
    arena_free(&arena);
}
