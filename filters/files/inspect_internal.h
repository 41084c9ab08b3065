/* SPDX-License-Identifier: ISC
 * Shared by the files of the inspection only. */
#ifndef FILTERS_FILES_INSPECT_INTERNAL_H
#define FILTERS_FILES_INSPECT_INTERNAL_H

#include "filters/documents/macros.h"
#include "filters/files/inspect.h"

/* What one file's inspection hands to the calls for its members. */
struct level {
    struct inspection *inspection;
    struct inspected_file *file;
    bool document; /* a zip of parts, by what is in it */
    bool parts;    /* ... and by its names: its members may be parts */
    bool entity;   /* whoever added the file knows that it is mail */
    struct office_findings *findings;
};

/* Appends the record of a file in `parent`, NULL: the inspected one. NULL when the arena is full. */
struct inspected_file *inspect_record(struct inspection *inspection,
                                      const struct inspected_file *parent,
                                      const struct slice *names, size_t count);

/* Notes on the file what an archive's listing told. */
void inspect_note_report(struct inspected_file *file, const struct archive_report *report);

/* Notes on the file why something of it was not seen, in the words of struct archive_member. NULL
 * is no problem. */
void inspect_note_problem(struct inspected_file *file, const char *problem);

/* Is the file as deep as files may be? That is then noted on it. */
bool inspect_too_deep(const struct level *level);

/* Hands on what may hold links. */
void inspect_tell(const struct level *level, enum inspected_words kind, struct slice words);

/* ... in whatever encoding. */
void inspect_tell_octets(const struct level *level, enum inspected_words kind, struct slice octets);

/* What to try on encrypted files; asked for once an inspection. NULL: there is nothing. */
struct passwords *inspect_passwords(const struct level *level);

/* Looks into the compressed RTF of a message's words, and hands those on. */
void inspect_packed_rtf(struct level *level, struct slice packed);

/* Takes what is to be looked at off the budget.
 * False, with a note on the file, when it does not suffice. */
bool inspect_charge(struct level *level, size_t entries, uint64_t bytes);

/* How many octets something of `packed` octets may be unpacked to; *limit is what to say of more. */
uint64_t inspect_room(const struct level *level, uint64_t packed, const char **limit);

/* Adds the record of a member. NULL when the arena is full. */
struct inspected_file *inspect_add(struct level *level, const struct slice *names, size_t count,
                                   uint64_t size);

/* The true type, less precise after the first thousand files and for parts; may lie in scratch. */
struct slice inspect_type(struct inspection *in, const struct inspected_file *file,
                          struct arena *scratch, struct slice content);

/* Adds what an archive's listing hands out as the file's members. */
struct archive_visitor inspect_members(struct level *level);

/* Looks into a file whose record was added: its type, macros, members ... */
void inspect_look_inside(struct inspection *inspection, struct inspected_file *file,
                         struct slice content);

/* Adds the attachments of a TNEF file.
 * Answers with what stands between them, the rest blanked, in `scratch`. */
struct slice inspect_tnef(struct level *level, struct arena *scratch, struct slice content);

/* Adds the attachments of an Outlook message in a compound file; answers as inspect_tnef does. Of
 * one that is no message and holds no attachments, with all. */
struct slice inspect_msg(struct level *level, struct arena *scratch, struct slice content);

/* Adds the files in a section of OneNote; answers as inspect_tnef does. `content` is onenote_is. */
struct slice inspect_onenote(struct level *level, struct arena *scratch, struct slice content);

/* When browsers or calendars would open the file: notes what it does, and hands on its words. */
void inspect_page(struct level *level, struct slice content);

/* Adds the document in an Office file that a password locks, when it is known. */
void inspect_locked(struct level *level, struct slice content);

/* Adds an object embedded in the file. False when no more is to be added. */
bool inspect_object(struct level *level, struct slice name, struct slice content);

/* Adds the objects in a document that is not the file itself, but its words. */
void inspect_objects(struct level *level, struct arena *scratch, struct slice document);

/* When the file is a message, or a mailbox of them, or said to be one, adds the files in it. */
void inspect_mail(struct level *level, struct slice content);

/* The file is a wrapping of this MIME entity: adds the files in it as the file's own members. */
void inspect_entity(struct level *level, struct slice entity);

/* Notes that a message under a server's rights is encrypted; adds what such a file holds otherwise. */
void inspect_rpmsg(struct level *level, struct slice content);

/* Adds the files that are written into the file, when it is a text and no mail. */
void inspect_text(struct level *level, struct slice content);

/* Adds what a cryptographic message holds (filters/containers/cms.h); notes what it is otherwise.
 * Answers with what stands around that, as inspect_tnef does; of any other file, with all. */
struct slice inspect_cms(struct level *level, struct arena *scratch, struct slice content);

/* Adds the files embedded in a PDF, and notes what it is. Answers with `rest`, which is `content` or
 * what others have left of it, without those that lie there as they are. */
struct slice inspect_pdf(struct level *level, struct arena *scratch, struct slice content,
                         struct slice rest);

#endif
