/* SPDX-License-Identifier: ISC
 * PDF (ISO 32000-2): what a file holds, does and points to. Viewers repair what is broken, each in
 * its way, so no cross-reference is believed: every object that stands in the file counts, in object
 * streams too, whatever table names it. Streams are unpacked only where they hold objects, forms or
 * embedded files. */
#ifndef FILTERS_PDF_PDF_H
#define FILTERS_PDF_PDF_H

#include "base/buf.h"

struct pdf;

/* An embedded file. */
struct pdf_file {
    const struct slice *names; /* distinct, clean UTF-8; may be none */
    size_t name_count;
    struct slice place; /* where it lies in the file, packed */
    bool bare;          /* ... or as it is */
    uint32_t object;
};

struct pdf_findings {
    bool javascript;
    bool launch; /* starts a program or opens a file, when it is asked to */
    bool active; /* the above, or sends a form when it is opened or looked at */
    bool remote; /* fetches, sends or goes to something elsewhere, beside plain links */
    bool media;  /* sound, films, 3D, Flash */
    bool forms;  /* XFA */
    bool pictures;
    bool embedded;
    bool encrypted; /* needs another password, or a certificate */
    const char
        *problem; /* why something was not seen, a constant: "corrupt", "limit: objects" ... */
    struct slice launched;     /* the first file to be started, as it is called; may be empty */
    const struct slice *links; /* distinct, clean UTF-8: of links, and where it goes or sends to */
    size_t link_count;
    bool more_links;
    const struct pdf_file *files;
    size_t file_count;
    uint64_t unpacked; /* octets, of what was unpacked to find the above */
};

enum { PDF_LINKS_MAX = 1000, PDF_NAMES_MAX = 32 };

/* Does viewers' mark of a PDF (or of a form's data, FDF) stand within the first 1024 octets? */
bool pdf_is(struct slice content);

/* Loads what is loaded lazily. Once a process, before the jail. */
bool pdf_warm_up(void);

/* Reads `content`, which must live until pdf_close(), and unpacks at most `max` octets to do so.
 * Linear in the file and what is unpacked. NULL when memory is out. */
struct pdf *pdf_open(struct slice content, uint64_t max);
/* The same for what is encrypted: tries the passwords as well, which are needed no longer then. */
struct pdf *pdf_open_with(struct slice content, uint64_t max, const struct slice *passwords,
                          size_t count);
void pdf_close(struct pdf **pdf);

const struct pdf_findings *pdf_findings(const struct pdf *pdf);

/* Appends the file's content to `out`, until its maximum. NULL, or what was in the way (what came
 * before is in `out`): "corrupt", "unsupported", "limit: bytes". */
const char *pdf_read(struct pdf *pdf, const struct pdf_file *file, struct buf *out);

/* A picture that is an object of its own (8.9.5); those in the words of a page are not told. */
struct pdf_picture {
    uint32_t object;
    uint32_t width, height, bits; /* bits: of a sample (8.9.5.2) */
};

enum pdf_packing { PDF_SAMPLES, PDF_JPEG, PDF_OTHER /* JPEG 2000, fax, JBIG2 */ };

/* The next one; *at is 0 at first. False: there are no more. */
bool pdf_next_picture(struct pdf *pdf, uint32_t *at, struct pdf_picture *out);

/* Appends what it holds, as pdf_read() does: samples, or a file as *packing says. */
const char *pdf_read_picture(struct pdf *pdf, const struct pdf_picture *picture,
                             enum pdf_packing *packing, struct buf *out);

#endif
