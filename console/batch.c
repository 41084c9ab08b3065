/* SPDX-License-Identifier: ISC */
#include "console/batch.h"

#include "console/dns_file.h"
#include "console/message_file.h"
#include "policy/types.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void batch_open(struct batch *batch, int fd, const struct envelope *usual, uint64_t message_max)
{
    *batch = (struct batch){.fd = fd,
                            .input = buf_init(BATCH_LINE_MAX + 1),
                            .usual = *usual,
                            .message_max = message_max};
}

void batch_close(struct batch *batch)
{
    buf_release(&batch->input);
}

/* ---- one line ---- */

static bool complain(struct trial *e, const char *what, const char *why)
{
    struct slice text = arena_printf(e->arena, "%s: %s", what, why);
    e->error = text.ptr ? text.ptr : "out of memory";
    return false;
}

static struct slice copy(struct trial *e, const json_t *string)
{
    return arena_copy(e->arena,
                      (struct slice){json_string_value(string), json_string_length(string)});
}

/* A member that is a text; *out is left alone when it is absent or null. */
static bool take_text(struct trial *e, const json_t *object, const char *name, struct slice *out)
{
    const json_t *member = json_object_get(object, name);
    if (!member || json_is_null(member))
        return true;
    if (!json_is_string(member))
        return complain(e, name, "expected a string");
    *out = copy(e, member);
    return out->ptr || complain(e, name, "out of memory");
}

static bool take_ip(struct trial *e, const json_t *object)
{
    struct slice text = {NULL, 0};
    if (!take_text(e, object, "ip", &text))
        return false;
    return !text.ptr || ip_parse(text, &e->envelope.ip) || complain(e, "ip", "not an address");
}

static bool take_address(struct trial *e, const json_t *object)
{
    bool ok = take_text(e, object, "from", &e->envelope.from);
    if (e->envelope.from.ptr)
        e->envelope.from = envelope_address(e->envelope.from);
    return ok;
}

static bool take_time(struct trial *e, const json_t *object)
{
    const json_t *member = json_object_get(object, "time");
    if (!member || json_is_null(member))
        return true;
    if (!json_is_integer(member) || json_integer_value(member) < 0)
        return complain(e, "time", "expected seconds since 1970");
    e->envelope.has_time = true;
    e->envelope.time = json_integer_value(member);
    return true;
}

static bool take_dns(struct trial *e, const json_t *object, size_t size)
{
    const char *reason;
    const json_t *map = json_object_get(object, "dns");
    if (!map || json_is_null(map))
        return true;
    e->dns = dns_file_load(e->arena, map, &reason);
    if (!e->dns)
        return complain(e, "dns", reason);
    if (size > DNS_AT_ONCE_MAX)
        e->told = dns_answers_new(e->arena);
    return e->told || size <= DNS_AT_ONCE_MAX || complain(e, "dns", "out of memory");
}

static bool take_recipients(struct trial *e, const json_t *object)
{
    const json_t *list = json_object_get(object, "rcpt");
    if (!list || json_is_null(list))
        return true;
    size_t count = json_is_array(list) ? json_array_size(list) : 1;
    struct slice *recipients = arena_array(e->arena, count, sizeof *recipients);
    if (!recipients)
        return complain(e, "rcpt", "out of memory");
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(list) ? json_array_get(list, i) : list;
        if (!json_is_string(one))
            return complain(e, "rcpt", "expected a list of strings");
        recipients[i] = copy(e, one);
        if (!recipients[i].ptr)
            return complain(e, "rcpt", "out of memory");
        recipients[i] = envelope_address(recipients[i]);
    }
    e->envelope.recipients = recipients;
    e->envelope.recipient_count = count;
    return true;
}

static bool take_direction(struct trial *e, const json_t *object)
{
    struct slice word = {NULL, 0};
    if (!take_text(e, object, "direction", &word))
        return false;
    if (!word.ptr)
        return true;
    int index = enum_word_index(&enum_types[WORDS_direction], word);
    if (index < 0)
        return complain(e, "direction", "expected inbound, outbound, fetch or upload");
    e->envelope.direction = (enum direction)index;
    return true;
}

static bool take_message(const struct batch *batch, struct trial *e, const json_t *object)
{
    struct slice path = {NULL, 0};
    struct message_file file;
    const char *reason;
    if (!take_text(e, object, "message", &path))
        return false;
    if (!path.ptr)
        return true;
    if (slice_find(path, '\0') < path.len)
        return complain(e, "message", "no such name");
    if (!message_file_read(path.ptr, batch->message_max, &file, &reason))
        return complain(e, path.ptr, reason);
    e->message = file.fd;
    e->size = file.size;
    e->too_big = file.too_big;
    return true;
}

/* The id comes back as it was given, whatever it is. */
static bool take_id(struct trial *e, const json_t *object)
{
    const json_t *id = json_object_get(object, "id");
    char *text = id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    e->id = text ? arena_copy(e->arena, slice_of(text)) : SLICE("null");
    free(text);
    return e->id.ptr || complain(e, "id", "out of memory");
}

static void take_line(const struct batch *batch, struct trial *e, struct slice line)
{
    json_error_t error;
    json_t *object =
        json_loadb(line.ptr, line.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    e->envelope = batch->usual;
    e->id = SLICE("null");
    if (!object) {
        struct slice where = arena_printf(e->arena, "line %u", batch->line);
        complain(e, where.ptr ? where.ptr : "", error.text);
        return;
    }
    if (!json_is_object(object))
        complain(e, "line", "expected an object");
    else if (take_id(e, object) && take_ip(e, object) &&
             take_text(e, object, "helo", &e->envelope.helo) && take_address(e, object) &&
             take_recipients(e, object) && take_direction(e, object) && take_time(e, object) &&
             take_dns(e, object, line.len))
        take_message(batch, e, object);
    json_decref(object);
}

/* ---- lines ---- */

static void refuse_line(struct batch *batch, struct trial *e)
{
    struct slice where = arena_printf(e->arena, "line %u", batch->line);
    e->id = SLICE("null");
    complain(e, where.ptr ? where.ptr : "", "longer than 1 MiB");
    batch->ended = true; /* where the next line begins is not worth finding out */
}

/* Reads what is there; false when it must be waited for. */
static bool read_more(struct batch *batch)
{
    struct pollfd fd = {.fd = batch->fd, .events = POLLIN};
    if (poll(&fd, 1, 0) <= 0)
        return false;
    size_t room;
    char *to = buf_reserve(&batch->input, 65536, &room);
    if (!to)
        return true; /* full: the line is too long */
    ssize_t n = read(batch->fd, to, room);
    if (n > 0)
        buf_commit(&batch->input, (size_t)n);
    else if (n == 0 || errno != EINTR)
        batch->ended = true;
    if (n < 0 && batch->ended)
        batch->failure = strerror(errno);
    return n > 0 || batch->ended;
}

/* Takes a line out of the input; the last one needs no end. */
static bool cut_line(struct batch *batch, struct trial *e)
{
    struct slice input = buf_slice(&batch->input);
    size_t end = slice_find(input, '\n');
    if (end == input.len && !(batch->ended && input.len))
        return false;
    batch->line++;
    struct slice line = slice_trim(slice_sub(input, 0, end));
    if (line.len)
        take_line(batch, e, line);
    buf_consume(&batch->input, end < input.len ? end + 1 : end);
    return true;
}

enum supply batch_next(void *ctx, struct trial *e)
{
    struct batch *batch = ctx;
    for (;;) {
        while (cut_line(batch, e))
            if (e->id.ptr)
                return SUPPLY_GOT;
        if (batch->ended)
            return SUPPLY_END;
        if (buf_len(&batch->input) > BATCH_LINE_MAX) {
            batch->line++;
            buf_clear(&batch->input);
            refuse_line(batch, e);
            return SUPPLY_GOT;
        }
        if (!read_more(batch))
            return SUPPLY_LATER;
    }
}
