/* SPDX-License-Identifier: ISC */
#include "filters/containers/calendar.h"

#include "filters/containers/data_uri.h"
#include "filters/mime/params.h"
#include "filters/mime/transfer.h"

enum { LOOK_AT = 4096, SLACK = 16, NAME_OF_PROPERTY = 64 };

static bool is_one_of(struct slice word, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(word, list[i]))
            return true;
    return false;
}

bool calendar_is(struct slice content)
{
    struct slice start = slice_sub(content, 0, LOOK_AT);
    if (slice_starts(start, SLICE("\xef\xbb\xbf")))
        start = slice_from(start, 3);
    for (size_t at = 0; at < start.len;) {
        struct slice line = slice_from(start, at);
        while (line.len && ascii_blank(line.ptr[0]))
            line = slice_from(line, 1);
        if (slice_istarts(line, SLICE("BEGIN:V")) &&
            (slice_istarts(line, SLICE("BEGIN:VCALENDAR")) ||
             slice_istarts(line, SLICE("BEGIN:VCARD"))))
            return true;
        at = start.len - line.len + content_line_length(line) + 1;
    }
    return false;
}

bool calendar_open(struct arena *arena, struct slice content, struct calendar *out)
{
    *out = (struct calendar){
        .room = arena_alloc(arena, content.len + NAME_OF_PROPERTY + SLACK),
    };
    return content_lines_open(arena, content, &out->lines) && out->room;
}

/* Those that may be anything: a text in quoted-printable is a file in no others. */
static bool holds_files(struct slice name)
{
    static const struct slice names[] = {SLICE("attach"), SLICE("photo"), SLICE("logo"),
                                         SLICE("sound"),  SLICE("key"),   SLICE("image"),
                                         SLICE("cert"),   SLICE("url"),   SLICE("source")};
    return is_one_of(name, names, sizeof names / sizeof *names);
}

static bool is_file(const struct content_line *line, struct data_uri *uri)
{
    struct slice value = slice_trim(line->value);
    *uri = (struct data_uri){.payload = {"", 0}};
    bool data = slice_istarts(value, SLICE("data:")) && data_uri_parse(slice_from(value, 5), uri);
    if (data && (uri->base64 || holds_files(line->name)))
        return true;
    *uri = (struct data_uri){.payload = {"", 0}};
    return line->encoding == CONTENT_BASE64 ||
           (line->encoding == CONTENT_QP && holds_files(line->name));
}

/* What programs call a file in: FILENAME, X-FILENAME, X-APPLE-FILENAME, X-ORACLE-FILENAME ... */
static bool is_name(struct slice param)
{
    static const struct slice names[] = {SLICE("label"),  SLICE("x-label"), SLICE("name"),
                                         SLICE("x-name"), SLICE("title"),   SLICE("x-title")};
    return slice_iends(param, SLICE("filename")) ||
           is_one_of(param, names, sizeof names / sizeof *names);
}

static void read_names(struct calendar *calendar, const struct content_line *line,
                       struct calendar_file *out)
{
    struct slice params = line->params;
    struct content_param param;
    while (content_param_next(&params, &param))
        if (is_name(param.name) && param.value.len)
            out->n_names =
                slice_add_distinct(out->names, out->n_names, CALENDAR_NAMES_MAX, param.value);
    if (out->n_names)
        return;
    struct slice name = slice_sub(line->name, 0, NAME_OF_PROPERTY);
    for (size_t i = 0; i < name.len; i++)
        calendar->room[i] = ascii_lower(name.ptr[i]);
    out->names[out->n_names++] =
        name.len ? (struct slice){calendar->room, name.len} : SLICE("data");
}

static size_t decode(const struct content_line *line, const struct data_uri *uri, char *out)
{
    struct base64 state = {0};
    unsigned found = 0;
    if (uri->payload.len)
        return data_uri_decode(uri, out);
    if (line->encoding == CONTENT_QP)
        return qp_decode(line->value, out, &found);
    size_t n = base64_decode(&state, line->value, out);
    return n + base64_finish(&state, out + n);
}

bool calendar_next(struct calendar *calendar, struct calendar_file *out)
{
    struct content_line line;
    struct data_uri uri;
    while (content_line_next(&calendar->lines, &line)) {
        if (slice_ieq(line.name, SLICE("end")))
            calendar->unclosed = false;
        if (!is_file(&line, &uri))
            continue;
        char *content = calendar->room + NAME_OF_PROPERTY;
        *out = (struct calendar_file){.n_names = 0};
        read_names(calendar, &line, out);
        out->content = (struct slice){content, decode(&line, &uri, content)};
        calendar->unclosed = true;
        return true;
    }
    return false;
}
