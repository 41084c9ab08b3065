/* SPDX-License-Identifier: ISC
 * What an IMAP server says of a login: whole and byte by byte the same, and a yes is only what is tagged as ours. */
#include "proxy/imap/imap_told.h"
#include "tests/fuzz/target.h"

static void require_within(struct slice part, struct slice all)
{
    if (part.len)
        require(part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len);
}

static void check(struct slice line, const struct imap_answer *answer)
{
    struct imap_login_offer offer;
    require(answer->told <= IMAP_TOLD_NONSENSE);
    require_within(answer->text, line);
    if (answer->told >= IMAP_TOLD_YES && answer->told <= IMAP_TOLD_LATER)
        require(slice_starts(line, SLICE("gp2")) && answer->text.len >= 2);
    if (answer->told == IMAP_TOLD_YES)
        require(slice_istarts(answer->text, SLICE("OK")));
    if (answer->told == IMAP_TOLD_ASKS)
        require(line.ptr[0] == '+');
    imap_login_offer(answer->text, &offer);
    require((offer.plus & 1U << MECHANISM_USER) == 0);
}

static void check_pieces(struct slice in, size_t used, const struct imap_answer *whole)
{
    struct imap_answer again;
    for (size_t n = 0; n < used && n < 256; n++)
        require(imap_told(slice_sub(in, 0, n), SLICE("gp2"), PROFILE_GENERIC, &again) == 0);
    require(imap_told(slice_sub(in, 0, used), SLICE("gp2"), PROFILE_GENERIC, &again) == used);
    require(again.told == whole->told && slice_eq(again.text, whole->text));
}

FUZZ(in)
{
    struct imap_answer answer;
    size_t used;
    while (in.len && (used = imap_told(in, SLICE("gp2"), PROFILE_GENERIC, &answer)) > 0) {
        require(used <= in.len);
        check(slice_sub(in, 0, used), &answer);
        if (answer.told != IMAP_TOLD_NONSENSE)
            check_pieces(in, used, &answer);
        in = slice_from(in, used);
    }
}
