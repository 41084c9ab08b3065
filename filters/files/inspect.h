/* SPDX-License-Identifier: ISC
 * A file and everything inside it, as a list of records that a policy can ask about: archives in
 * archives, attached messages, embedded objects, true types, macros, encryption. One budget bounds
 * all that one inspection (a message) unpacks. */
#ifndef FILTERS_FILES_INSPECT_H
#define FILTERS_FILES_INSPECT_H

#include "filters/archive/archive.h"
#include "filters/mime/malformation.h"

struct inspected_file {
    struct inspected_file *next; /* an archive stands before its members */
    struct slice path;           /* "outer.zip/inner.tar/run.exe" */
    struct slice name;           /* names[0] */
    struct slice extension;      /* extensions[0] */
    const struct slice *names; /* all that it is called: both of a zip's, a NUL's both sides, ... */
    const struct slice *extensions;
    size_t name_count;
    /* True type; empty when no content could be seen;
     * less precise after the first thousand files and for parts. */
    struct slice type;
    struct slice declared; /* type of a MIME part; of other files empty */
    uint64_t size;  /* of the unpacked content; as declared when that was not unpacked whole */
    unsigned depth; /* 0: the file that inspect_file() was given */
    bool part; /* an inner part of an office document (word/document.xml), not a file to its user */
    bool archive;    /* it has, or would have, members */
    bool message;    /* it was read as mail: its members are the files attached to it */
    bool in_message; /* ... or lies in such a file */
    bool written;    /* its members are written into it as text */
    bool encrypted, macros, embedded, active, remote;
    bool fragmented; /* a part of a message of which the rest is elsewhere */
    /* Something of it could not be seen: its kind or method, damage, or a limit. */
    bool unscannable;
    bool limit;          /* ... a limit */
    const char *why;     /* of the above: a constant, or NULL */
    struct slice sha256; /* in hexadecimal; empty: nobody asked, or it could not be had whole */
};

/* Words in files that may hold links, links alone; and that there are more than are told. */
enum inspected_words { INSPECTED_TEXT, INSPECTED_HTML, INSPECTED_LINK, INSPECTED_MORE };

struct inspection {
    struct arena *arena; /* holds the records */
    struct archive_budget budget;
    struct inspected_file *first;
    struct inspected_file **end;
    size_t count;
    size_t typed;      /* by libmagic */
    unsigned pictures; /* that were met: a bit for each picture_kind; those in a PDF are JPEGs */
    bool incomplete;   /* the arena is full: records are missing */
    size_t parts;      /* MIME parts looked at in each message in a file; 0: as many as usual */
    /* May be NULL. What is odd in such messages is added to it, but not what is of
     * the wire alone. */
    struct malformations *odd;
    /* May be NULL. Called for each file with its unpacked content (as far as it could be unpacked),
     * after its members; for a scanner of contents. */
    void (*content)(void *ctx, const struct inspected_file *file, struct slice content);
    /* May be NULL. Called for each picture that is written into a page, `file`, and is no file. */
    void (*picture)(void *ctx, const struct inspected_file *file, struct slice content);
    /* May be NULL. Called for words in files that the caller has not read, those of
     * messages in files excepted, which are others' words. */
    void (*words)(void *ctx, enum inspected_words kind, struct slice words);
    /* May be NULL. Called when the first file is encrypted. */
    passwords_source *passwords;
    struct passwords *found;
    bool asked; /* for the above */
    void *ctx;
    bool digests; /* sha256 is wanted */
    /* Of the next file that is inspected: what its MIME part says that it is, and whether the caller
     * has read its own words for links. */
    struct slice declared;
    bool read;
};

/* Loads what the libraries load lazily. Once a process, before the jail. */
bool inspect_warm_up(void);

/* An inspection without files. The caller may set `content`, `words`, `passwords` and `ctx`, `digests`,
 * `parts`, `odd`. */
struct inspection inspection_of(struct arena *arena, struct archive_limits limits);

/* Adds a file and all inside it. The names may be none. False when records are missing. */
bool inspect_file(struct inspection *inspection, const struct slice *names, size_t name_count,
                  struct slice content);

#endif
