/* SPDX-License-Identifier: ISC
 * Shared by the files of the PDF reader only. */
#ifndef FILTERS_PDF_PDF_INTERNAL_H
#define FILTERS_PDF_PDF_INTERNAL_H

#include "base/arena.h"
#include "filters/pdf/pdf.h"
#include "filters/pdf/pdf_crypt.h"

#define PDF_NUMBERLESS UINT32_MAX /* of an object whose number is not known */

enum {
    PDF_VALUES_MAX = 16, /* that one reference may stand for */
    PDF_IDENTIFIERS_MAX = 8,
};

struct pdf_object {
    uint32_t number, generation;
    uint32_t source; /* 0: the file; else the stream that it stands in */
    uint32_t at;     /* its value, in the source */
    uint32_t stream; /* where its octets begin; 0: it has none, or was not looked at */
    bool file;       /* it says that it is an embedded file */
    bool again;      /* it has references that could not be followed yet */
    bool holder;     /* it is an object stream */
    bool ran;        /* its actions are known to run by themselves, and were looked at */
    bool formed;     /* it was looked at as part of a form */
};

/* A value's text, and whose object it is. */
struct pdf_value {
    struct slice raw;
    enum pdf_kind kind;
    uint32_t object;
};

/* A list in the arena, of elements of one size. */
struct pdf_list {
    void *items;
    size_t count, room;
};

/* What names an embedded file: its names stand in `names` from `first` on. */
struct pdf_spec {
    uint32_t object;
    uint32_t first, count;
};

struct pdf_spec_ref {
    uint32_t number, spec;
};

/* What trailers say of encryption. */
struct pdf_trailers {
    struct pdf_value encrypt;
    bool encrypted, several;
    struct slice ids[PDF_IDENTIFIERS_MAX];
    size_t id_count;
};

struct pdf {
    struct arena *arena;
    struct pdf_findings found;
    struct pdf_list sources; /* struct buf; the first is empty */
    struct slice content;
    struct pdf_list objects;    /* struct pdf_object, in the order of the file */
    struct pdf_spec_ref *index; /* of objects, by number; `spec` is the object */
    size_t indexed;
    uint64_t work, max;
    const struct slice *passwords; /* to be tried, the empty one first */
    size_t n_passwords;
    /* What is looked into; the dictionary of a stream; its filters; their parameters; a value that is
     * referred to. */
    struct pdf_tree tree, stream, filters, parameters, value;
    struct pdf_crypt crypt;
    bool opened;               /* `crypt` is the way */
    struct pdf_list links;     /* struct pdf_value */
    struct pdf_list launched;  /* struct pdf_value */
    struct pdf_list names;     /* struct pdf_value */
    struct pdf_list specs;     /* struct pdf_spec */
    struct pdf_list spec_refs; /* struct pdf_spec_ref */
    struct pdf_list automatic; /* uint32_t: objects whose actions run by themselves */
    struct pdf_list forms;     /* uint32_t: objects with XFA */
};

#define PDF_TREES(pdf)                                                                             \
    {                                                                                              \
        &(pdf)->tree, &(pdf)->stream, &(pdf)->filters, &(pdf)->parameters, &(pdf)->value           \
    }

/* Notes why something was not seen; the first reason stays. */
void pdf_note(struct pdf *pdf, const char *problem);

/* Counts work that was done: octets looked at. False, noted, when it is too much for the file: the
 * same octets are looked at again and again. */
bool pdf_may_work(struct pdf *pdf, size_t octets);

/* Room for one more; NULL, noted, when the arena is full. */
void *pdf_more(struct pdf *pdf, struct pdf_list *list, size_t size);

struct pdf_object *pdf_object(const struct pdf *pdf, size_t index);
struct slice pdf_source(const struct pdf *pdf, uint32_t source);

/* Lists the objects of the file. */
void pdf_locate(struct pdf *pdf);
struct pdf_object *pdf_add_object(struct pdf *pdf, uint32_t number, uint32_t generation,
                                  uint32_t source, size_t at);

/* Takes what a trailer, or the dictionary of a table in a stream, says from the tree. */
void pdf_read_trailer(struct pdf *pdf, struct pdf_trailers *trailers);
void pdf_find_trailers(struct pdf *pdf, struct pdf_trailers *trailers);
void pdf_open_encryption(struct pdf *pdf, const struct pdf_trailers *trailers);

/* Unpacks the object streams, and lists and looks at what they hold. */
void pdf_open_holders(struct pdf *pdf);

/* pdf_parse(), noting when the value was cut. */
size_t pdf_parse_part(struct pdf *pdf, struct pdf_tree *tree, struct slice text, size_t at);

/* Reads an object's value. False when there is none, or no more work is to be done (noted). */
bool pdf_load(struct pdf *pdf, uint32_t object, struct pdf_tree *tree);

/* Those objects that bear the number: *first is the place in `index`. */
size_t pdf_defined(struct pdf *pdf, uint64_t number, size_t *first);

/* What nodes[node] is: itself, or all that its reference may mean; at most `max`. */
size_t pdf_values(struct pdf *pdf, const struct pdf_tree *tree, uint32_t node, uint32_t object,
                  struct pdf_value *out, size_t max);
/* The same where only one can be meant: false when it is none or several that differ. */
bool pdf_value(struct pdf *pdf, const struct pdf_tree *tree, uint32_t node, struct pdf_value *out);

/* A string's octets, decrypted; ptr is NULL when the arena is full or memory is out. */
struct slice pdf_octets(struct pdf *pdf, const struct pdf_value *value);

/* Where the octets of a stream lie. */
struct slice pdf_place(struct pdf *pdf, uint32_t object);
/* Has it no filters (pdf_place was asked for it)? */
bool pdf_is_bare(const struct pdf *pdf);
/* Appends what a stream holds, as pdf_read() does. */
const char *pdf_unpack(struct pdf *pdf, uint32_t object, enum pdf_method method, struct buf *out);
/* The same but for the filter of a picture, which *packing tells instead. */
const char *pdf_unpack_picture(struct pdf *pdf, uint32_t object, enum pdf_method method,
                               enum pdf_packing *packing, struct buf *out);

/* Looks for what an object does and holds; `follow`: references too. False: it could not be read. */
bool pdf_look(struct pdf *pdf, uint32_t object, bool follow);
/* ... which runs by itself. */
void pdf_look_at_automatic(struct pdf *pdf, uint32_t object);

/* Does a form written in XML have scripts? */
bool pdf_has_script(struct slice xml);

/* Makes the lists of the findings. */
void pdf_list_files(struct pdf *pdf);
void pdf_list_links(struct pdf *pdf);

#endif
