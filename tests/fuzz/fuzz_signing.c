/* SPDX-License-Identifier: ISC
 * What gatepost-sign is told, by anybody: questions, and sets of keys. What is read lies within. */
#include "common/signing.h"
#include "tests/fuzz/target.h"

static void require_within(struct slice part, struct slice whole)
{
    require(part.len == 0 ||
            (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void read_question(struct slice in)
{
    struct signing_question question;
    struct ipc_message message = {.type = SIGNING_ASK, .payload = in, .fd_count = 1};
    if (!signing_read(&message, &question))
        return;
    require(question.count > 0 && question.count <= SIGNING_KEYS_MAX);
    for (size_t i = 0; i < question.count; i++) {
        require_within(question.wishes[i].domain, in);
        require_within(question.wishes[i].selector, in);
    }
}

static void read_keys(struct slice in)
{
    struct unpack unpack = {.left = in};
    struct signing_secret secret;
    while (signing_unpack_key(&unpack, &secret)) {
        require_within(secret.domain, in);
        require_within(secret.selector, in);
        require_within(secret.pem, in);
    }
}

FUZZ(in)
{
    read_question(in);
    read_keys(in);
}
