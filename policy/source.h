/* SPDX-License-Identifier: ISC
 * The texts that a configuration is made of, places in them,
 * and what is said about those places. */
#ifndef POLICY_SOURCE_H
#define POLICY_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

#include <stdarg.h>

struct loader;

struct source {
    struct slice path, text;
    struct slice folder; /* of path, with the closing '/'; empty for a bare name */
    uint32_t *line_ends; /* before each stretch of the text; see source_line. NULL: not counted */
    bool is_table;
    uint16_t named_in; /* of a table: the file and the line of the sentence that names it */
    unsigned named_at;
};

enum { SOURCES_MAX = 256, ERRORS_MAX = 20, SOURCE_SIZE_MAX = 256 * 1024 * 1024 };

struct sources {
    struct arena *arena;
    const struct loader *loader;
    struct buf *report;
    struct source *files[SOURCES_MAX];
    unsigned count;
    unsigned errors;
    bool no_memory; /* sticky; reported once at the end */
    bool quiet;     /* no warnings are said */
};

/* A stretch of one source: offsets in bytes. */
struct span {
    uint32_t from, to;
    uint16_t file;
};

/* Reads `path` (already joined with a folder), without a byte order mark at its front. NULL:
 * *reason says why. */
struct source *source_open(struct sources *sources, struct slice path, const char **reason);

/* The same of a table's file. */
struct source *source_open_table(struct sources *sources, struct slice path, const char **reason);

/* Whether it is UTF-8 without NUL; what is not is reported once, at the first byte. */
bool source_is_text(struct sources *sources, uint16_t file);

/* `path` as seen from the file that names it. ptr NULL when memory is out. */
struct slice source_join(struct sources *sources, uint16_t file, struct slice path);

/* Another text in the place of what was read. */
void source_replace(struct source *source, struct slice text);

unsigned source_line(const struct sources *sources, struct span at);
struct slice source_text(const struct sources *sources, struct span at);

/* FILE:LINE:COL: error: text, then the line and a caret. After ERRORS_MAX nothing more is said. */
void source_error(struct sources *sources, struct span at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void source_warning(struct sources *sources, struct span at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, of a kind ("warning"), into a report of its own, when all has been read. */
void source_say(const struct sources *sources, struct buf *report, struct span at, const char *kind,
                const char *format, va_list args) __attribute__((format(printf, 5, 0)));

/* printf("%.*s", SHOWN(s)): for words and strings of a configuration, cut where they get too long
 * for a message. */
#define SHOWN(s) (int)((s).len < 60 ? (s).len : 60), (s).ptr

/* Zeroed memory in the sources' arena; NULL sets no_memory. */
void *source_alloc(struct sources *sources, size_t n, size_t size);

/* Room for one more element at the end of an array that lives in the arena: `count` elements are in
 * use. Returns the (possibly moved) array, NULL when memory is out (the old one stays valid). */
void *source_grow(struct sources *sources, void *array, size_t count, size_t size);

#endif
