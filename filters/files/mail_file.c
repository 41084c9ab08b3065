/* SPDX-License-Identifier: ISC */
#include "filters/files/mail_file.h"

#include "filters/containers/calendar.h"
#include "filters/containers/cms.h"
#include "filters/containers/tnef.h"
#include "filters/files/filetype.h"
#include "filters/files/text_files.h"
#include "filters/mime/headers.h"

#define FROM SLICE("From ")

/* Of notes that begin with one word and a colon, one field is not enough. */
enum { LOOK_AT = 64 * 1024, FIELDS_WANTED = 2 };

static bool is_one_of(struct slice word, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(word, list[i]))
            return true;
    return false;
}

/* The name of the field that a line begins; empty when it begins none. */
static struct slice field_name(struct slice line)
{
    size_t i = 0;
    while (i < line.len && line.ptr[i] > ' ' && line.ptr[i] < 0x7f && line.ptr[i] != ':')
        i++;
    return slice_sub(line, 0, i < line.len && line.ptr[i] == ':' ? i : 0);
}

static bool is_mail_field(struct slice name)
{
    static const struct slice fields[] = {
        SLICE("from"),
        SLICE("to"),
        SLICE("cc"),
        SLICE("bcc"),
        SLICE("date"),
        SLICE("subject"),
        SLICE("message-id"),
        SLICE("in-reply-to"),
        SLICE("references"),
        SLICE("received"),
        SLICE("return-path"),
        SLICE("delivered-to"),
        SLICE("reply-to"),
        SLICE("sender"),
        SLICE("newsgroups"),
        SLICE("mime-version"),
        SLICE("content-type"),
        SLICE("content-transfer-encoding"),
        SLICE("content-disposition"),
        SLICE("content-location"),
        SLICE("content-id"),
    };
    return is_one_of(name, fields, sizeof fields / sizeof *fields);
}

static bool is_multipart(struct slice line, struct slice name)
{
    return slice_ieq(name, SLICE("content-type")) &&
           slice_istarts(slice_trim(slice_from(line, name.len + 1)), SLICE("multipart/"));
}

static bool is_fold(struct slice line)
{
    return line.len > 0 && ascii_blank(line.ptr[0]);
}

/* A header block that has so many fields of mail. */
static bool begins_as_mail(struct slice text, unsigned wanted)
{
    unsigned found = 0;
    struct line line;
    text = slice_sub(text, 0, LOOK_AT);
    for (size_t at = 0; line_at(text, at, &line) && line.text.len; at = line.next) {
        if (is_fold(line.text) || (at == 0 && slice_starts(line.text, FROM)))
            continue;
        struct slice name = field_name(line.text);
        if (name.len == 0)
            return false;
        found += is_mail_field(name);
        if (found == wanted || is_multipart(line.text, name))
            return true;
    }
    return false;
}

/* Without the mark and the empty lines that may stand before the header. */
static struct slice skip_lead(struct slice text)
{
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_from(text, 3);
    while (text.len && (text.ptr[0] == '\r' || text.ptr[0] == '\n'))
        text = slice_from(text, 1);
    return text;
}

/* Apple's .emlx (and .partial.emlx, whose attachments lie elsewhere): a line with the message's
 * length, the message, a property list. Where no list follows, the length is not believed. */
static struct slice skip_length(struct slice text)
{
    struct line line;
    uint64_t length;
    if (!line_at(text, 0, &line) || !slice_to_u64(slice_trim(line.text), UINT32_MAX, &length))
        return text;
    text = slice_from(text, line.next);
    struct slice list = slice_trim(slice_from(text, (size_t)length));
    bool ends = slice_starts(list, SLICE("<?xml")) || slice_starts(list, SLICE("<plist")) ||
                slice_starts(list, SLICE("bplist"));
    return ends ? slice_sub(text, 0, (size_t)length) : text;
}

bool mail_file_open(struct slice type, const struct slice *extensions, size_t count,
                    struct slice content, struct mail_file *out)
{
    static const struct slice types[] = {SLICE("message/rfc822"), SLICE("message/news"),
                                         SLICE("message/global"), SLICE("application/mbox")};
    static const struct slice names[] = {SLICE("eml"),   SLICE("emlx"), SLICE("mht"),
                                         SLICE("mhtml"), SLICE("nws"),  SLICE("mbox")};
    bool named = false, mailbox = false;
    for (size_t i = 0; i < count; i++) {
        named = named || is_one_of(extensions[i], names, sizeof names / sizeof *names);
        mailbox = mailbox || slice_eq(extensions[i], SLICE("mbox"));
    }
    struct slice text = skip_length(skip_lead(content));
    *out = (struct mail_file){.rest = text, .several = mailbox || slice_starts(text, FROM)};
    return named || is_one_of(type, types, sizeof types / sizeof *types) ||
           begins_as_mail(text, FIELDS_WANTED);
}

bool mail_begins_entity(struct slice content)
{
    return begins_as_mail(skip_lead(content), 1);
}

/* All programs take a "From " line with a time of day for the beginning of a message, and those of
 * Mozilla write "From -". */
static bool is_certain(struct slice line)
{
    if (slice_starts(line, SLICE("From -")))
        return true;
    for (size_t at = slice_find(line, ':'); at < line.len; at++)
        if (line.ptr[at] == ':' && at > 0 && ascii_digit(line.ptr[at - 1]) && at + 1 < line.len &&
            ascii_digit(line.ptr[at + 1]))
            return true;
    return false;
}

/* The offset of the next line that begins a message. */
static size_t next_beginning(struct mail_file *file)
{
    struct slice text = file->rest;
    struct line line, next;
    for (size_t at = 0;;) {
        size_t hit = slice_search(slice_from(text, at), SLICE("\nFrom "));
        at += hit + 1;
        if (at > text.len || !line_at(text, at, &line))
            return text.len;
        bool certain = is_certain(line.text);
        if (!certain && (!line_at(text, line.next, &next) || field_name(next.text).len == 0))
            continue;
        file->doubtful = file->doubtful || !certain;
        return at;
    }
}

bool mail_file_next(struct mail_file *file, struct slice *message)
{
    if (file->rest.len == 0)
        return false;
    size_t end = file->several ? next_beginning(file) : file->rest.len;
    *message = slice_sub(file->rest, 0, end);
    file->rest = slice_from(file->rest, end);
    return true;
}

bool mail_part_is_file(const struct mime_part *part, struct slice content, unsigned *pictures)
{
    if (part->n_names || part->attachment || !part->text ||
        slice_eq(part->type, SLICE("text/rfc822")))
        return true;
    struct slice type = filetype_by_signature(content);
    return (type.len && !slice_starts(type, SLICE("text/"))) ||
           text_files_in_words(part->type, content, pictures);
}

struct slice mail_part_usual_name(const struct mime_part *part, struct slice content)
{
    if (tnef_is(content))
        return SLICE("winmail.dat");
    if (cms_is(content))
        return SLICE("smime.p7m");
    if (calendar_is(content))
        return SLICE("invite.ics");
    if (slice_eq(part->type, SLICE("text/html")))
        return SLICE("message.html");
    return (struct slice){"", 0};
}
