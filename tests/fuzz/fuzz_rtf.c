/* SPDX-License-Identifier: ISC
 * RTF: tokens are all of the text, one behind the other, and what objects and texts it gives is no
 * longer than that. */
#include "filters/documents/objects.h"
#include "filters/documents/rtf.h"
#include "filters/documents/rtf_findings.h"
#include "tests/fuzz/target.h"

struct given {
    size_t octets;
};

static bool give_object(void *ctx, struct slice octets)
{
    struct given *given = ctx;
    require(octets.len > 0);
    given->octets += octets.len;
    return true;
}

static bool see_object(void *ctx, struct slice name, struct slice content)
{
    (void)name;
    return give_object(ctx, content);
}

static void give_text(void *ctx, enum rtf_place place, struct slice text)
{
    struct given *given = ctx;
    require(place > RTF_DATA && text.len > 0);
    given->octets += text.len;
}

FUZZ_WITH_ARENA(text, 16 << 20)
{
    struct given given = {0};
    struct rtf_visitor visitor = {&given, give_object, give_text, NULL};
    struct object_visitor objects = {&given, see_object};
    struct rtf_findings found;
    struct rtf_tokens tokens = {.text = text};
    for (size_t left = text.len; rtf_next(&tokens).kind != RTF_END; left = tokens.text.len)
        require(tokens.text.len < left);
    require(tokens.text.len == 0);
    rtf_read(arena, text, &visitor);
    require(given.octets <= 3 * text.len);
    objects_each(arena, text, &objects);
    rtf_find(arena, text, &found);
    for (size_t i = 0; i < found.n_targets; i++)
        require(found.targets[i].len > 0);
}
