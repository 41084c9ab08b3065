/* SPDX-License-Identifier: ISC */
#include "keeper/label_file.h"

#include "base/sealed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_AT_ONCE = 256 * 1024, ITEM_ROOM = LEARN_SEALED_MOST + 64 };

struct writing {
    int file;
    struct buf out;
    uint64_t octets;
};

static bool flush(struct writing *w)
{
    struct slice octets = buf_slice(&w->out);
    w->octets += octets.len;
    bool ok = !w->out.failed && w->octets <= LEARN_FILE_MOST && sealed_file_add(w->file, octets);
    buf_clear(&w->out);
    return ok;
}

/* One that is damaged is left out. */
static bool write_label(struct writing *w, struct labels *labels, const struct label_vote *vote)
{
    struct learn_item item = {.number = vote->number,
                              .class = vote->class,
                              .weight = vote->weight ? vote->weight : LEARN_WEIGHT,
                              .sealed = labels_vector(labels, vote->number),
                              .account = vote->alone ? vote->account : 0};
    if (item.sealed.len == 0 || item.sealed.len > LEARN_SEALED_MOST)
        return true;
    learn_item_pack(&w->out, &item);
    return buf_len(&w->out) < WRITE_AT_ONCE || flush(w);
}

static bool write_all(struct labels *labels, const struct label_vote *votes, size_t count, int file,
                      uint32_t *chosen)
{
    struct writing w = {.file = file, .out = buf_init(WRITE_AT_ONCE + ITEM_ROOM)};
    bool ok = true;
    *chosen = 0;
    for (size_t i = 0; i < count && ok; i++)
        if (votes[i].weight || votes[i].alone) {
            ok = write_label(&w, labels, &votes[i]);
            ++*chosen;
        }
    ok = ok && flush(&w);
    buf_release(&w.out);
    return ok;
}

int label_file(struct labels *labels, uint64_t until, uint32_t *count, uint32_t *left_out,
               const char **reason)
{
    size_t found;
    struct label_vote *votes = labels_votes(labels, until, &found, reason);
    if (!votes && *reason)
        return -1;
    if (!votes)
        found = 0;
    label_choose(votes, found);
    *left_out = label_fit(votes, found, LEARN_FILE_MOST);
    int file = sealed_file_new("labels");
    *reason = "there is no room for the labels";
    bool ok = file >= 0 && write_all(labels, votes, found, file, count) && sealed_file_end(file);
    free(votes);
    if (!ok && file >= 0)
        close(file);
    return ok ? file : -1;
}
