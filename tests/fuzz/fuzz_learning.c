/* SPDX-License-Identifier: ISC
 * What proxies, admins, gatepost-learn and the disk say of labels and models. */
#include "common/answerable.h"
#include "common/left.h"
#include "keeper/learn_build.h"
#include "tests/fuzz/target.h"

static const uint8_t key[SPAM_KEY_SIZE] = "sixteen octets!";

static bool as_it_is(void *ctx, struct slice sealed, struct slice *vector)
{
    (void)ctx;
    *vector = sealed;
    return sealed.len > 0;
}

static void say_nothing(void *ctx, uint32_t done, uint32_t of)
{
    (void)ctx;
    require(done < of);
}

/* A label that was read is written as it was. */
static void label_again(struct slice octets)
{
    struct label label;
    struct buf out = buf_init(2 * LABEL_VECTOR_MOST);
    if (label_unpack(octets, &label)) {
        label_pack(&out, &label);
        require(slice_eq(buf_slice(&out), octets));
    }
    buf_release(&out);
}

static void left_again(struct slice octets)
{
    struct left_read read;
    struct left_gone gone;
    struct buf out = buf_init(4 * LABEL_VECTOR_MOST);
    if (left_read_unpack(octets, &read)) {
        left_read_pack(&out, &read);
        require(slice_eq(buf_slice(&out), octets));
    }
    buf_clear(&out);
    if (left_gone_unpack(octets, &gone)) {
        left_gone_pack(&out, &gone);
        require(slice_eq(buf_slice(&out), octets));
    }
    buf_release(&out);
}

static void answered_again(struct slice octets)
{
    struct answerable answerable;
    struct answer_sent answer;
    struct buf out = buf_init(4 * LABEL_VECTOR_MOST);
    if (answerable_unpack(octets, &answerable)) {
        answerable_pack(&out, &answerable);
        require(slice_eq(buf_slice(&out), octets));
    }
    buf_clear(&out);
    if (answer_sent_unpack(octets, &answer)) {
        answer_sent_pack(&out, &answer);
        require(slice_eq(buf_slice(&out), octets));
    }
    buf_release(&out);
}

FUZZ(in)
{
    static const struct learn_helper helper = {NULL, as_it_is, say_nothing};
    static struct learn_made made;
    struct learn_built built;
    struct unpack rest = {.left = in};
    struct slice labels = unpack_slice(&rest), predictions = unpack_slice(&rest);
    struct learn_given given = {
        .labels = labels, .old_model = rest.left, .old_predictions = predictions, .key = key};
    const char *reason;
    label_again(in);
    left_again(in);
    answered_again(in);
    learn_built_unpack(in, &built);
    if (learn_build(&given, &helper, &made, &reason))
        buf_release(&made.predictions);
}
