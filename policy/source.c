/* SPDX-License-Identifier: ISC */
#include "policy/source.h"

#include "base/utf8.h"
#include "policy/config.h"
#include "policy/encoding.h"

#include <stdio.h>
#include <string.h>

enum { LINE_SHOWN = 100, TEXT_MAX = 2048, STRETCH = 1024 /* octets */ };

static struct source *open_with(struct sources *sources, struct slice path,
                                bool (*read)(void *ctx, struct slice path, struct slice *content,
                                             const char **reason),
                                const char **reason)
{
    *reason = "too many files";
    if (sources->count == SOURCES_MAX)
        return NULL;
    struct slice text = {NULL, 0};
    *reason = "it cannot be read";
    if (!read(sources->loader->ctx, path, &text, reason))
        return NULL;
    *reason = "it is too large";
    if (text.len > SOURCE_SIZE_MAX)
        return NULL;
    struct source *source = source_alloc(sources, 1, sizeof *source);
    *reason = "out of memory";
    if (!source)
        return NULL;
    size_t slash = slice_rfind(path, '/');
    *source = (struct source){.path = path, .text = encoding_text(text)};
    source->folder = slice_sub(path, 0, slash == path.len ? 0 : slash + 1);
    sources->files[sources->count++] = source;
    return source;
}

struct source *source_open(struct sources *sources, struct slice path, const char **reason)
{
    return open_with(sources, path, sources->loader->read, reason);
}

struct source *source_open_table(struct sources *sources, struct slice path, const char **reason)
{
    const struct loader *loader = sources->loader;
    return open_with(sources, path, loader->table ? loader->table : loader->read, reason);
}

bool source_is_text(struct sources *sources, uint16_t file)
{
    size_t at;
    const char *fault = encoding_fault(sources->files[file]->text, &at);
    if (fault)
        source_error(sources, (struct span){(uint32_t)at, (uint32_t)at + 1, file}, "%s", fault);
    return !fault;
}

struct slice source_join(struct sources *sources, uint16_t file, struct slice path)
{
    struct slice folder = sources->files[file]->folder;
    if (path.len == 0 || path.ptr[0] == '/' || folder.len == 0)
        return path;
    char *joined = source_alloc(sources, folder.len + path.len + 1, 1);
    if (!joined)
        return (struct slice){NULL, 0};
    memcpy(joined, folder.ptr, folder.len);
    memcpy(joined + folder.len, path.ptr, path.len);
    return (struct slice){joined, folder.len + path.len};
}

static unsigned line_ends_in(struct slice text)
{
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

/* Those before each stretch, so that a place deep in a long file is found as fast as any. NULL: no
 * memory, and they are counted from the start. */
static uint32_t *count_stretches(const struct sources *sources, struct slice text)
{
    size_t stretches = text.len / STRETCH + 1;
    uint32_t *before = arena_array(sources->arena, stretches, sizeof *before);
    for (size_t i = 1; before && i < stretches; i++)
        before[i] = before[i - 1] + line_ends_in(slice_sub(text, (i - 1) * STRETCH, i * STRETCH));
    return before;
}

unsigned source_line(const struct sources *sources, struct span at)
{
    struct source *source = sources->files[at.file];
    if (!source->line_ends)
        source->line_ends = count_stretches(sources, source->text);
    size_t whole = source->line_ends ? at.from / STRETCH : 0;
    unsigned before = source->line_ends ? source->line_ends[whole] : 0;
    return 1 + before + line_ends_in(slice_sub(source->text, whole * STRETCH, at.from));
}

void source_replace(struct source *source, struct slice text)
{
    source->text = text;
    source->line_ends = NULL;
}

struct slice source_text(const struct sources *sources, struct span at)
{
    return slice_sub(sources->files[at.file]->text, at.from, at.to);
}

static bool utf8_continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Columns count characters, not bytes. */
static unsigned column_of(struct slice line, size_t offset)
{
    unsigned column = 1;
    for (size_t i = 0; i < offset && i < line.len; i++)
        column += !utf8_continues(line.ptr[i]);
    return column;
}

static struct slice line_around(struct slice text, size_t offset, size_t *start)
{
    *start = offset;
    while (*start > 0 && text.ptr[*start - 1] != '\n')
        --*start;
    struct slice rest = slice_from(text, *start);
    return slice_sub(rest, 0, slice_find(rest, '\n'));
}

/* Controls as blanks, what is not UTF-8 as '?': it may go to a terminal. */
static void show_text(struct buf *out, struct slice text)
{
    uint32_t code;
    for (size_t n; text.len > 0; text = slice_from(text, n ? n : 1)) {
        n = utf8_next(text, &code);
        if (n == 0)
            buf_char(out, '?');
        else if (code < ' ' || (code >= 127 && code < 160))
            buf_char(out, ' ');
        else
            buf_append(out, slice_sub(text, 0, n));
    }
}

/* The line, and below it a caret; a long line is cut around the caret. */
static void show_line(struct buf *out, struct slice line, size_t offset)
{
    size_t from = offset > LINE_SHOWN - 20 ? offset - (LINE_SHOWN - 20) : 0;
    while (from > 0 && from < line.len && utf8_continues(line.ptr[from]))
        from--;
    size_t to = from + LINE_SHOWN < line.len ? from + LINE_SHOWN : line.len;
    while (to < line.len && utf8_continues(line.ptr[to]))
        to++;
    buf_cstr(out, "    ");
    show_text(out, slice_sub(line, from, to));
    buf_printf(out, "\n    %*s^\n", (int)column_of(slice_from(line, from), offset - from) - 1, "");
}

void source_say(const struct sources *sources, struct buf *report, struct span at, const char *kind,
                const char *format, va_list args)
{
    const struct source *source = sources->files[at.file];
    size_t start = 0;
    struct slice line = line_around(source->text, at.from, &start);
    char text[TEXT_MAX];
    vsnprintf(text, sizeof text, format, args);
    buf_printf(report, "%.*s:%u:%u: %s: ", SLICE_ARGS(source->path), source_line(sources, at),
               column_of(line, at.from - start), kind);
    show_text(report, slice_of(text));
    if (source->is_table)
        buf_printf(report, " (table of %.*s:%u)",
                   SLICE_ARGS(sources->files[source->named_in]->path), source->named_at);
    buf_char(report, '\n');
    show_line(report, line, at.from - start);
}

void source_error(struct sources *sources, struct span at, const char *format, ...)
{
    if (++sources->errors > ERRORS_MAX)
        return;
    va_list args;
    va_start(args, format);
    source_say(sources, sources->report, at, "error", format, args);
    va_end(args);
}

void source_warning(struct sources *sources, struct span at, const char *format, ...)
{
    va_list args;
    if (sources->quiet)
        return;
    va_start(args, format);
    source_say(sources, sources->report, at, "warning", format, args);
    va_end(args);
}

void *source_alloc(struct sources *sources, size_t n, size_t size)
{
    void *p = arena_array(sources->arena, n, size);
    if (!p)
        sources->no_memory = true;
    return p;
}

void *source_grow(struct sources *sources, void *array, size_t count, size_t size)
{
    size_t room = arena_room(count);
    void *grown = arena_grow(sources->arena, array, count, &room, size);
    if (!grown)
        sources->no_memory = true;
    return grown;
}
