/* SPDX-License-Identifier: ISC
 * Labels of made-up messages: what is good shares cells with what is good, what is spam with what is
 * spam, and both have others; and a folder to keep them in. To be included by one file of a program. */
#ifndef TESTS_HARNESS_LABELS_H
#define TESTS_HARNESS_LABELS_H

#include "common/learning.h"
#include "filters/spam/spam_vector.h"
#include "tests/harness/folder.h"
#include "tests/harness/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CELLS_OF_CLASS = 12, CELLS_OF_ALL = 12, POOL = 60, APART = 1000 };

static inline unsigned pick_from(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(*state >> 33) % below;
}

static inline int compare_cells(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The message of that number, which reads as one of the class; valid until the next call. */
static inline struct slice vector_like(enum label_class class, unsigned number)
{
    static uint8_t room[SPAM_VECTOR_MAX];
    uint32_t cells[CELLS_OF_CLASS + CELLS_OF_ALL];
    uint64_t state = number * 2 + class + 1;
    size_t count = 0;
    for (size_t i = 0; i < CELLS_OF_CLASS; i++)
        cells[count++] = APART * (1 + (uint32_t) class) + pick_from(&state, POOL);
    for (size_t i = 0; i < CELLS_OF_ALL; i++)
        cells[count++] = APART * 3 + pick_from(&state, 20 * POOL);
    qsort(cells, count, sizeof *cells, compare_cells);
    size_t different = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || cells[i] != cells[i - 1])
            cells[different++] = cells[i];
    struct spam_vector_writer writer;
    spam_vector_begin(&writer, room);
    assert_true(spam_vector_add(&writer, cells, different));
    return spam_vector_end(&writer);
}

/* An imported one. */
static inline struct label label_of(enum label_class class, unsigned number)
{
    struct label label = {
        .class = class, .how = LABEL_IMPORTED, .vector = vector_like(class, number)};
    memcpy(label.message, &number, sizeof number);
    label.message[LABEL_MESSAGE - 1] = (unsigned char)class;
    return label;
}

/* Behind the others of a packet. */
static inline void add_label(struct buf *packet, const struct label *label)
{
    struct buf item = buf_init(LABEL_VECTOR_MOST + 4096);
    label_pack(&item, label);
    pack_slice(packet, buf_slice(&item));
    assert_false(packet->failed || item.failed);
    buf_release(&item);
}

/* ---- the folder ---- */

static char labels_folder[FOLDER_MAX];

static inline void enter_folder(void)
{
    assert_true(folder_new(labels_folder, "labels"));
    assert_int_equal(chdir(labels_folder), 0);
}

static inline int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

static inline void leave_folder(void)
{
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(nftw(labels_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
