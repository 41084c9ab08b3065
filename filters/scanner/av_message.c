/* SPDX-License-Identifier: ISC */
#include "filters/scanner/av_message.h"

#include "filters/files/filetype.h"
#include "filters/files/inspect.h"
#include "filters/files/mail_file.h"
#include "filters/files/message_passwords.h"
#include "filters/files/text_files.h"
#include "filters/mime/mime.h"
#include "filters/mime/words.h"
#include "filters/scanner/av_text.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1024 * 1024, LEAF_SLACK = 16 * MIB };

static const char trace_field[] = "Received: by gatepost; Thu, 1 Jan 1970 00:00:00 +0000\r\n";

/* One message's scan. */
struct av_task {
    struct arena *arena;
    const struct scan_limits *limits;
    const struct mime_message *message;
    struct inspection inspection;
    struct inspected_file *seen; /* records up to this one were looked at */
    bool by_hand;                /* what libclamav may not see: each content is scanned by itself */
    struct av_findings *out;
};

bool av_message_warm_up(const char **reason)
{
    words_warm_up();
    if (inspect_warm_up())
        return true;
    *reason = "the file type database cannot be loaded";
    return false;
}

static void note_failure(struct av_task *task, enum av_verdict how, const char *why)
{
    if (!task->out->failure || how > task->out->how) {
        task->out->how = how;
        struct slice copy = arena_copy(task->arena, slice_of(why));
        task->out->failure = copy.ptr ? copy.ptr : "out of memory";
    }
    task->out->cut = true;
}

static void note_name(struct av_task *task, struct slice name)
{
    struct av_findings *out = task->out;
    for (size_t i = 0; i < out->name_count; i++)
        if (slice_eq(out->names[i], name))
            return;
    struct slice copy = arena_copy(task->arena, name);
    if (out->name_count == AV_NAMES_MAX || !copy.ptr)
        out->cut = true;
    else
        out->names[out->name_count++] = copy;
}

static void scan_as(struct av_task *task, struct slice bytes, enum av_reading reading)
{
    const char *text = "";
    enum av_verdict verdict = av_engine_scan(bytes, reading, &text);
    if (verdict == AV_INFECTED)
        note_name(task, slice_of(text));
    else if (av_failed(verdict))
        note_failure(task, verdict, text);
}

static void scan(struct av_task *task, struct slice bytes)
{
    scan_as(task, bytes, AV_PARSES_MAIL);
}

/* libclamav takes a message for one only when it begins with a field that it knows. */
static void scan_whole(struct av_task *task, struct slice message, enum av_reading reading)
{
    size_t prefix = sizeof trace_field - 1;
    char *copy = malloc(prefix + message.len);
    if (!copy) {
        note_failure(task, AV_FAILED_BY_IT, "out of memory");
        return;
    }
    memcpy(copy, trace_field, prefix);
    memcpy(copy + prefix, message.ptr, message.len);
    scan_as(task, (struct slice){copy, prefix + message.len}, reading);
    free(copy);
}

/* What libclamav does not open, or reads otherwise than those who are shown it; what a password of
 * the message has opened. */
static bool is_opaque(const struct inspected_file *file)
{
    static const struct slice types[] = {
        SLICE("application/x-rar"),
        SLICE("application/pkcs7-mime"),
        SLICE("application/onenote"),
        SLICE("text/rtf"),
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_eq(file->type, types[i]))
            return true;
    return file->message || file->written || file->encrypted;
}

/* A member comes after the record of what holds it:
 * from the first opaque one on, every content is scanned. */
static void scan_member(void *ctx, const struct inspected_file *file, struct slice content)
{
    struct av_task *task = ctx;
    struct inspected_file *next = task->seen ? task->seen->next : task->inspection.first;
    for (; next && !task->by_hand; next = next->next) {
        task->by_hand = is_opaque(next);
        task->seen = next;
    }
    if (task->by_hand && file->depth > 0)
        scan(task, content);
}

static void scan_members(struct av_task *task, struct slice content)
{
    struct mail_file mail;
    struct slice type = filetype_by_signature(content);
    bool holds_files =
        type.len || mail_file_open(type, NULL, 0, content, &mail) || text_files_any(content);
    if (holds_files && !inspect_file(&task->inspection, &SLICE("attachment"), 1, content))
        note_failure(task, AV_FAILED_LIMIT, "more archive members than can be listed");
}

static struct passwords *find_passwords(void *ctx)
{
    struct av_task *task = ctx;
    return message_passwords(task->arena, task->message);
}

static void scan_leaf(struct av_task *task, const struct mime_part *part)
{
    struct arena *scratch = arena_new((size_t)AV_FILE_MIB * MIB + LEAF_SLACK);
    struct malformations odd = {0};
    struct slice content;
    bool cut = false;
    if (!scratch || !mime_decode(part, scratch, (size_t)AV_FILE_MIB * MIB, &content, &cut, &odd)) {
        note_failure(task, AV_FAILED_BY_IT, "out of memory");
    } else {
        if (cut)
            note_failure(task, AV_FAILED_LIMIT, "an attachment is too large");
        scan(task, content);
        scan_members(task, content);
    }
    arena_free(&scratch);
}

static void scan_leaves(struct av_task *task)
{
    for (size_t i = 0; i < task->message->n; i++)
        if (task->message->parts[i].kind == MIME_LEAF)
            scan_leaf(task, &task->message->parts[i]);
}

/* ---- a message that is one plain text ---- */

static bool decodes_to_words(const struct mime_part *text)
{
    struct arena *scratch = arena_new((size_t)AV_FILE_MIB * MIB + LEAF_SLACK);
    struct malformations odd = {0};
    const struct malformations none = {0};
    struct slice content;
    bool cut = false;
    bool words = scratch &&
                 mime_decode(text, scratch, (size_t)AV_FILE_MIB * MIB, &content, &cut, &odd) &&
                 !cut && memcmp(&odd, &none, sizeof odd) == 0 && av_text_is_words(content);
    arena_free(&scratch);
    return words;
}

static bool is_plain_text(const struct mime_message *message)
{
    return av_text_is_sound(message) &&
           (message->parts[0].encoding == MIME_IDENTITY || decodes_to_words(&message->parts[0]));
}

/* As libclamav's parser would write it down for itself. */
static void scan_text(struct av_task *task, struct slice content)
{
    struct slice lines = av_text_with_lf(content);
    if (lines.ptr)
        scan(task, lines);
    else
        note_failure(task, AV_FAILED_BY_IT, "out of memory");
    free((char *)(uintptr_t)lines.ptr);
}

static void scan_plain_text(struct av_task *task)
{
    const struct mime_part *text = &task->message->parts[0];
    scan_whole(task, task->message->raw, AV_LEAVES_MAIL);
    if (text->encoding == MIME_IDENTITY)
        scan_text(task, text->content);
    else
        scan_leaf(task, text);
}

/* A text alone that is sound, but not plain enough: libclamav's parser has seen these very bytes,
 * and scanning them again would only cost the time of the first scan once more. */
static bool was_in_whole(const struct mime_message *parsed)
{
    const struct mime_part *only = &parsed->parts[0];
    return parsed->n == 1 && only->encoding == MIME_IDENTITY && only->in_message &&
           slice_eq(only->type, SLICE("text/plain")) &&
           malformations_worst(&parsed->malformations) == GRADE_HARMLESS;
}

static void scan_parsed(struct av_task *task)
{
    if (is_plain_text(task->message)) {
        scan_plain_text(task);
        return;
    }
    scan_whole(task, task->message->raw, AV_PARSES_MAIL);
    if (!was_in_whole(task->message))
        scan_leaves(task);
}

enum av_verdict av_message_scan(struct arena *arena, struct slice message,
                                const struct scan_limits *limits, struct av_findings *out)
{
    struct av_task task = {.arena = arena, .limits = limits, .out = out};
    struct mime_limits mime_limits = mime_limits_default;
    struct mime_message parsed;
    *out = (struct av_findings){0};
    task.inspection =
        inspection_of(arena, archive_limits(limits->unpacked, limits->members, limits->depth));
    task.inspection.content = scan_member;
    task.inspection.passwords = find_passwords;
    task.message = &parsed;
    task.inspection.ctx = &task;
    mime_limits.parts = limits->parts;
    if (mime_parse(arena, message, &mime_limits, &parsed)) {
        scan_parsed(&task);
    } else {
        scan_whole(&task, message, AV_PARSES_MAIL);
        note_failure(&task, AV_FAILED_BY_IT, "out of memory");
    }
    if (out->name_count || (out->cut && !out->failure))
        return AV_INFECTED;
    return out->failure ? out->how : AV_CLEAN;
}
