/* SPDX-License-Identifier: ISC
 * gatepost-av: the antivirus family. The only program that links libclamav. */
#include "base/clock.h"
#include "filters/scanner/av_folder.h"
#include "filters/scanner/av_message.h"

#include <stdio.h>
#include <unistd.h>

enum { CANARY_SCANS = 20, CANARY_MS = 10000, MIB = 1024 * 1024 };

static struct {
    unsigned scans;
    int64_t last;
} canary;

static const char *database_given; /* its path as the administrator knows it */

/* While files can still be opened by their usual paths. */
static bool prepare(struct family_options *options, const char **reason)
{
    database_given = options->database;
    return av_message_warm_up(reason) && av_folder_make(options, reason);
}

/* One scan gets most of the time that a message has before its worker is killed. */
static bool warm_up(const struct family_options *options, const char **reason)
{
    static char text[SCAN_REASON_MAX];
    const char *why = "";
    if (av_engine_load(options->database, av_folder_top(), options->timeout / 5 * 4, &why))
        return true;
    snprintf(text, sizeof text, "signatures in %s: %s", database_given, why);
    *reason = text;
    return false;
}

static bool enter(unsigned number, const char **folder, const char **reason)
{
    *folder = av_folder_enter(number, reason);
    return *folder && av_engine_enter(*folder, reason);
}

static bool check(const char **reason)
{
    canary.last = clock_ms();
    return av_engine_canary(reason);
}

/* After the scan, so that the verdict at hand is vouched for too. */
static bool still_finds(const char **reason)
{
    int64_t now = clock_ms();
    if (++canary.scans % CANARY_SCANS != 0 && now - canary.last < CANARY_MS)
        return true;
    canary.last = now;
    return av_engine_canary(reason);
}

static bool fill(struct arena *arena, const struct av_findings *found, enum av_verdict verdict,
                 struct facts *facts)
{
    struct value *items = arena_array(arena, found->name_count, sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < found->name_count; i++)
        items[i] = value_text(found->names[i]);
    facts->fact[FACT_AV_RESULT] =
        value_integer(verdict == AV_INFECTED ? AV_RESULT_INFECTED : AV_RESULT_CLEAN);
    facts->fact[FACT_AV_SIGNATURES] =
        (struct value){.state = VALUE_KNOWN,
                       .list = {.items = items, .count = found->name_count, .cut = found->cut}};
    return true;
}

static enum family_outcome scan(struct arena *arena, struct slice message,
                                const struct scan_job *job, struct scan_answer *answer,
                                const char **reason)
{
    struct av_findings found;
    *reason = "no message";
    if (!message.ptr)
        return FAMILY_REFUSED;
    enum av_verdict verdict = av_message_scan(arena, message, &job->limits, &found);
    *reason = found.failure;
    if (av_failed(verdict))
        return (enum family_outcome)(FAMILY_REFUSED + (verdict - AV_FAILED));
    if (!still_finds(reason))
        return FAMILY_REFUSED;
    if (!fill(arena, &found, verdict, &answer->facts)) {
        *reason = "out of memory";
        return FAMILY_REFUSED;
    }
    return found.failure ? FAMILY_ANSWERED_ODDLY : FAMILY_ANSWERED;
}

static void finish(void)
{
    av_engine_free();
    av_folder_remove();
}

int main(int argc, char *argv[])
{
    static const struct family antivirus = {
        .name = "gatepost-av",
        .jail = JAIL_ANTIVIRUS,
        .memory = 2048ULL * MIB,
        .arena = (size_t)64 * MIB,
        .prepare = prepare,
        .warm_up = warm_up,
        .enter = enter,
        .check = check,
        .scan = scan,
        .finish = finish,
    };
    /* nothing to flush; and a chroot has no /proc for a leak checker */
    _exit(family_main(&antivirus, argc, argv));
}
