/* SPDX-License-Identifier: ISC
 * Patterns: whatever they are, it is soon known whether they can take too long. The pattern ends at
 * the first line end; what follows is matched. */
#include "policy/regex/regex.h"
#include "tests/fuzz/target.h"

FUZZ(input)
{
    char error[REGEX_ERROR_SIZE];
    size_t at;
    struct slice pattern, text;
    bool fold = fuzz_octet(&input) & 1;
    slice_cut(input, '\n', &pattern, &text);
    struct regex *regex = regex_new(pattern, fold, error, &at);
    if (!regex) {
        require(at <= pattern.len && slice_of(error).len > 0);
        return;
    }
    uint64_t steps = 1000000;
    regex_match(regex, slice_sub(text, 0, 256), &steps);
    regex_free(regex);
}
