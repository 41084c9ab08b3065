/* SPDX-License-Identifier: ISC
 * Errands on their way. */
#include "common/errand.h"

#include "tests/harness/unit.h"

static struct errand an_errand(void)
{
    return (struct errand){.number = 7,
                           .attempt = 2,
                           .about = 9,
                           .octets = 1234,
                           .deadline = 99,
                           .reference = SLICE("1.2"),
                           .sender = SLICE("a@example.com"),
                           .address = SLICE("b@example.com"),
                           .field = SLICE("X-Gatepost-Released: 1.2")};
}

TEST(test_an_errand_comes_as_it_went_with_each_of_its_signs)
{
    for (unsigned bits = 0; bits < 16; bits++) {
        struct errand errand = an_errand(), read;
        struct buf out = buf_init(4096);
        errand.utf8 = bits & 1;
        errand.eight_bit = bits & 2;
        errand.copy = bits & 4;
        errand.only_learnt = bits & 8;
        errand_pack(&out, &errand);
        assert_true(errand_unpack(buf_slice(&out), &read));
        assert_true(read.utf8 == errand.utf8 && read.eight_bit == errand.eight_bit &&
                    read.copy == errand.copy && read.only_learnt == errand.only_learnt);
        assert_true(read.number == 7 && read.attempt == 2 && read.about == 9 &&
                    read.octets == 1234);
        assert_true(slice_eq(read.address, errand.address) && slice_eq(read.field, errand.field));
        assert_false(errand_unpack(slice_sub(buf_slice(&out), 0, buf_len(&out) - 1), &read));
        buf_release(&out);
    }
}
