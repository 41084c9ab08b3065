/* SPDX-License-Identifier: ISC */
#include "keeper/label_file.h"

#include "base/sealed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_AT_ONCE = 256 * 1024, ITEM_ROOM = LEARN_SEALED_MOST + 64, LOOK_AT_ONCE = 4096 };

struct label_file {
    struct labels *labels;
    struct label_vote *votes;
    size_t found, at;
    int file;
    struct buf out;
    uint64_t octets;
    uint32_t count;
};

struct label_file *label_file_new(struct labels *labels, uint64_t until, uint32_t *left_out,
                                  const char **reason)
{
    struct label_file *f = calloc(1, sizeof *f);
    *reason = "out of memory";
    if (!f)
        return NULL;
    *f = (struct label_file){.labels = labels,
                             .file = sealed_file_new("labels"),
                             .out = buf_init(WRITE_AT_ONCE + ITEM_ROOM)};
    *reason = strerror(errno);
    if (f->file < 0 || (!(f->votes = labels_votes(labels, until, &f->found, reason)) && *reason)) {
        label_file_free(&f);
        return NULL;
    }
    if (!f->votes)
        f->found = 0;
    label_choose(f->votes, f->found);
    *left_out = label_fit(f->votes, f->found, LEARN_FILE_MOST);
    return f;
}

void label_file_free(struct label_file **file)
{
    struct label_file *f = *file;
    *file = NULL;
    if (!f)
        return;
    if (f->file >= 0)
        close(f->file);
    free(f->votes);
    buf_release(&f->out);
    free(f);
}

static bool flush(struct label_file *f)
{
    struct slice octets = buf_slice(&f->out);
    f->octets += octets.len;
    bool ok = !f->out.failed && f->octets <= LEARN_FILE_MOST && sealed_file_add(f->file, octets);
    buf_clear(&f->out);
    return ok;
}

/* One that is damaged, or was forgotten meanwhile, is left out. */
static void add(struct label_file *f, const struct label_vote *vote)
{
    struct learn_item item = {.number = vote->number,
                              .class = vote->class,
                              .weight = vote->weight ? vote->weight : LEARN_WEIGHT,
                              .sealed = labels_vector(f->labels, vote->number),
                              .account = vote->alone ? vote->account : 0,
                              .quiet = vote->how == LABEL_ANSWERED};
    f->count++;
    if (item.sealed.len > 0 && item.sealed.len <= LEARN_SEALED_MOST)
        learn_item_pack(&f->out, &item);
}

enum label_file_step label_file_go_on(struct label_file *f, const char **reason)
{
    size_t until = f->found - f->at > LOOK_AT_ONCE ? f->at + LOOK_AT_ONCE : f->found;
    for (; f->at < until && buf_len(&f->out) < WRITE_AT_ONCE; f->at++)
        if (f->votes[f->at].weight || f->votes[f->at].alone)
            add(f, &f->votes[f->at]);
    bool last = f->at == f->found;
    if (flush(f) && (!last || sealed_file_end(f->file)))
        return last ? LABEL_FILE_DONE : LABEL_FILE_MORE;
    *reason = "there is no room for the labels";
    return LABEL_FILE_FAILED;
}

int label_file_take(struct label_file *f, uint32_t *count)
{
    int file = f->file;
    f->file = -1;
    *count = f->count;
    return file;
}
