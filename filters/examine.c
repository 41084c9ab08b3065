/* SPDX-License-Identifier: ISC */
#include "filters/examine.h"

#include "base/memory.h"
#include "filters/examine_attached.h"
#include "filters/examine_parts.h"
#include "filters/examine_sender.h"
#include "filters/examine_spam.h"
#include "filters/files/inspect.h"
#include "filters/links/links.h"
#include "filters/mime/words.h"
#include "filters/outline.h"
#include "filters/sender/dkim.h"
#include "filters/text/message_text.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { WARM_UP_ARENA = 16 << 20 };

static bool swallow(void *context, struct slice piece)
{
    (void)context;
    (void)piece;
    return true;
}

/* Whether an encoding hides something shows only when it is decoded. */
static void check_encodings(const struct mime_message *message, struct malformations *odd)
{
    for (size_t i = 0; i < message->n; i++) {
        const struct mime_part *part = &message->parts[i];
        if (part->kind == MIME_LEAF && part->encoding != MIME_IDENTITY)
            mime_decode_to(part, swallow, NULL, odd);
    }
}

/* A part within decoded content has no octets of its own in the message: it gets those of the part
 * that was decoded. */
static struct part_range range_of(const struct mime_message *message, const struct mime_part *leaf)
{
    const struct mime_part *holder = leaf;
    while (!holder->in_message && holder->parent >= 0)
        holder = &message->parts[holder->parent];
    return (struct part_range){
        .part = (uint32_t)leaf->index,
        .header = holder->header.from,
        .body = holder->body.from,
        .end = holder->body.to,
        .sealed = leaf->sealed || holder != leaf,
    };
}

static bool list_ranges(struct arena *arena, const struct mime_message *message,
                        struct scan_answer *out)
{
    out->parts = arena_array(arena, message->n, sizeof *out->parts);
    if (!out->parts)
        return false;
    for (size_t i = 0; i < message->n; i++)
        if (message->parts[i].kind == MIME_LEAF)
            out->parts[out->part_count++] = range_of(message, &message->parts[i]);
    return true;
}

static bool locate(struct arena *arena, const struct mime_message *message,
                   const struct redaction_wanted *wanted, struct scan_answer *out)
{
    struct redaction_ranges ranges;
    bool located = redaction_ranges(arena, message, wanted, &ranges);
    out->overlays = ranges.items;
    out->overlay_count = ranges.count;
    return located;
}

static size_t links_most(const struct scan_job *job)
{
    uint32_t most = job->limits.links;
    return most && most < LINKS_TEXT_MAX ? most : LINKS_TEXT_MAX;
}

static bool digest_of(struct arena *arena, struct slice message, struct value *out)
{
    unsigned char digest[32];
    char hex[2 * sizeof digest + 1];
    unsigned len = 0;
    if (EVP_Digest(message.ptr, message.len, digest, &len, EVP_sha256(), NULL) != 1)
        return false;
    hex_text((struct slice){(const char *)digest, sizeof digest}, hex);
    struct slice text = arena_copy(arena, (struct slice){hex, sizeof hex - 1});
    *out = value_text(text);
    return text.ptr != NULL;
}

/* Files are looked into for links as well. */
static void look_into_files(struct arena *arena, const struct mime_message *message,
                            const struct scan_job *job, struct malformations *odd,
                            struct scan_answer *out)
{
    struct value domains;
    bool wanted = job->links || job->urls;
    struct links *links = wanted ? links_new(arena, message, links_most(job)) : NULL;
    if (links && job->urls)
        links_list_too(links, LINK_SOURCE_FILE);
    if (links)
        links_in_message(links, message);
    examine_attachments(arena, message, job, odd, links, out);
    if (!job->attachments)
        out->facts.fact[FACT_ATTACHMENTS] = (struct value){0};
    if (job->urls)
        out->facts.fact[FACT_LINKS] = links ? links_listed(links) : value_unknown();
    if (wanted)
        links_end(&links, &domains);
    if (job->links)
        out->facts.fact[FACT_MESSAGE_DOMAINS] = domains;
}

static bool examine_content(struct arena *arena, struct slice message, const struct scan_job *job,
                            struct scan_answer *out)
{
    struct mime_limits limits = mime_limits_default;
    struct mime_message parsed;
    if (job->marks && !job->attached)
        return examine_to_learn(arena, message, job, out);
    if (job->limits.parts)
        limits.parts = job->limits.parts;
    if (!mime_parse(arena, message, &limits, &parsed))
        return false;
    if (job->attached)
        return examine_attached(arena, &parsed, job, out);
    if (job->message && (!examine_header(arena, &parsed, job, &out->facts) ||
                         !examine_protection(arena, &parsed, &out->facts) ||
                         !examine_form(arena, &parsed, &out->facts)))
        return false;
    if (!list_ranges(arena, &parsed, out) || arena_failed(arena))
        return false;
    if (job->redaction && !locate(arena, &parsed, job->redaction, out))
        return false;
    if (job->banners && !banner_find(arena, &parsed, &out->banners))
        return false;
    if (job->outline && !(out->outline = outline_of(arena, &parsed)))
        return false;
    struct value *fact = out->facts.fact;
    if ((job->text || job->alternatives) &&
        !message_text(arena, &parsed, job->text ? &fact[FACT_MESSAGE_TEXT] : NULL,
                      job->alternatives ? &fact[FACT_MESSAGE_PARTS_DIFFER] : NULL))
        return false;
    if ((job->spam || job->reasons || job->vector || job->sketch) &&
        !examine_spam(arena, &parsed, job, out))
        return false;
    struct malformations odd = parsed.malformations;
    if (job->links || job->urls || job->attachments || job->codes)
        look_into_files(arena, &parsed, job, &odd, out);
    else if (job->message)
        check_encodings(&parsed, &odd);
    if (job->message)
        examine_oddities(&odd, &out->facts);
    return true;
}

/* The sender first, and attachments last: they take what is left of the arena. */
static bool examine_all(struct arena *arena, struct slice message, const struct scan_job *job,
                        struct scan_answer *out)
{
    *out = (struct scan_answer){0};
    if (!message.ptr && scan_job_needs_message(job))
        return false;
    bool content = job->message || job->attachments || job->links || job->codes || job->urls ||
                   job->text || job->alternatives || job->spam || job->reasons || job->vector ||
                   job->sketch;
    bool parses = content || job->outline || job->redaction || job->banners;
    return examine_sender(arena, message, job, out) &&
           (!job->digest || digest_of(arena, message, &out->facts.fact[FACT_MESSAGE_DIGEST])) &&
           (!parses || examine_content(arena, message, job, out));
}

bool examine(struct arena *arena, struct slice message, const struct scan_job *job,
             struct scan_answer *out)
{
    unsigned long before = memory_refusals();
    return examine_all(arena, message, job, out) && memory_refusals() == before;
}

bool examine_warm_up(const char **reason)
{
    static const char sample[] =
        "Subject: =?iso-8859-1?q?=E9?=\r\nFrom: <a@b\xc3\xbc"
        "cher.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: application/zip; name=\"x.zip\"\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nUEsDBAoAAAAAAAAAIQA=\r\n";
    words_warm_up();
    if (!inspect_warm_up()) {
        *reason = "the file type database cannot be loaded";
        return false;
    }
    if (!dkim_warm_up(reason))
        return false;
    struct arena *arena = arena_new(WARM_UP_ARENA);
    struct scan_job job = {.message = true,
                           .attachments = true,
                           .spf = true,
                           .authentication = true,
                           .dns_complete = true,
                           .limits = {.depth = 1, .parts = 10, .members = 10, .unpacked = 1 << 20}};
    struct scan_answer answer;
    bool ok = arena && examine(arena, (struct slice){sample, sizeof sample - 1}, &job, &answer);
    arena_free(&arena);
    *reason = "out of memory";
    return ok;
}
