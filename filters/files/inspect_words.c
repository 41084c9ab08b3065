/* SPDX-License-Identifier: ISC
 * The words of Outlook's messages: no files, but RTF may hold some, and links. */
#include "filters/containers/lzfu.h"
#include "filters/cpu_budget.h"
#include "filters/documents/rtf_findings.h"
#include "filters/files/inspect_internal.h"
#include "filters/html/html_encoding.h"

enum {
    SCRATCH_SLACK = 1 << 20,
    RTF_FACTOR = 9, /* octets that one may become */
    RTF_MAX = 16 << 20,
    READ_FACTOR = 12,
};

static void tell_rtf(const struct level *level, struct arena *scratch, struct slice rtf)
{
    struct rtf_findings found;
    if (!level->inspection->words)
        return;
    rtf_find(scratch, rtf, &found);
    inspect_tell(level, INSPECTED_HTML, found.html);
    inspect_tell(level, INSPECTED_TEXT, rtf);
}

void inspect_packed_rtf(struct level *level, struct slice packed)
{
    struct arena *arena = arena_new(SCRATCH_SLACK + (size_t)3 * RTF_FACTOR * packed.len);
    struct buf rtf = buf_init(RTF_MAX);
    if (!arena || !lzfu_unpack(packed, &rtf)) {
        if (!arena)
            inspect_note_problem(level->file, "memory");
        else if (!cpu_budget_spent(0))
            inspect_note_problem(level->file, rtf.failed ? "limit: bytes" : "corrupt");
    }
    if (arena && inspect_charge(level, 0, buf_len(&rtf))) {
        inspect_objects(level, arena, buf_slice(&rtf));
        tell_rtf(level, arena, buf_slice(&rtf));
    }
    buf_release(&rtf);
    arena_free(&arena);
}

void inspect_tell_octets(const struct level *level, enum inspected_words kind, struct slice octets)
{
    struct slice readings[HTML_READINGS_MAX];
    if (!level->inspection->words)
        return;
    struct arena *scratch = arena_new(SCRATCH_SLACK + READ_FACTOR * octets.len);
    size_t count = scratch ? html_readings(scratch, octets, readings) : 0;
    for (size_t i = 0; i < count; i++)
        inspect_tell(level, kind, readings[i]);
    if (count == 0)
        inspect_note_problem(level->file, "memory");
    arena_free(&scratch);
}
