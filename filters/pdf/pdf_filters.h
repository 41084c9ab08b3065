/* SPDX-License-Identifier: ISC
 * The filters that streams of PDF are packed by (ISO 32000-2, 7.4), but for those of pictures. */
#ifndef FILTERS_PDF_PDF_FILTERS_H
#define FILTERS_PDF_PDF_FILTERS_H

#include "base/buf.h"

enum pdf_filter {
    PDF_FLATE,
    PDF_LZW,
    PDF_ASCII_HEX,
    PDF_ASCII_85,
    PDF_RUN_LENGTH,
    PDF_CRYPT,
    PDF_DCT,           /* JPEG */
    PDF_OTHER_PICTURE, /* JPEG 2000, fax, JBIG2 */
    PDF_UNKNOWN,
};

struct pdf_step {
    enum pdf_filter filter;
    bool late_change; /* LZW: codes grow one code later (EarlyChange 0) */
    bool identity;    /* Crypt: what the stream is encrypted by is nothing */
    uint32_t predictor, colors, bits, columns; /* Flate, LZW; 0: as usual */
};

/* Undoes one filter: appends to `out`, until its maximum. NULL, or what was in the way: "corrupt"
 * (what stood before is in `out`), "unsupported", or "limit: bytes" (out->failed). Linear in input
 * and output. */
const char *pdf_unfilter(const struct pdf_step *step, struct slice in, struct buf *out);

/* Its parts. What begins before the end mark and ends without one is whole. */
bool pdf_lzw(struct slice in, bool late_change, struct buf *out);
bool pdf_ascii_hex(struct slice in, struct buf *out);
bool pdf_ascii_85(struct slice in, struct buf *out);
bool pdf_run_length(struct slice in, struct buf *out);

/* Undoes the predictor in place. False for a shape of rows that is none. */
bool pdf_unpredict(const struct pdf_step *step, struct buf *data);

#endif
