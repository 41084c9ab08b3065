/* SPDX-License-Identifier: ISC
 * Words that may be passwords: parts of the text, of some length, each once. */
#include "filters/archive/passwords.h"
#include "tests/fuzz/target.h"

FUZZ(text)
{
    struct slice list[PASSWORDS_MAX];
    struct passwords passwords = passwords_none();
    passwords_read(&passwords, text);
    size_t count = passwords_list(&passwords, text, list);
    require(count <= PASSWORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        require(list[i].len >= PASSWORD_MIN && list[i].len <= PASSWORD_MAX);
        for (size_t k = 0; k < i; k++)
            require(!slice_eq(list[i], list[k]));
    }
}
