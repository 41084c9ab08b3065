/* SPDX-License-Identifier: ISC
 * An index of a table's text that says what it likes: look-ups end, and stay within text and index. The
 * first octets say how long the text is and what the header says. */
#include "policy/table_file.h"
#include "policy/table_index.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

static bool lies_in(struct slice part, struct slice whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
                             (size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

static void look_up(const struct table_file *file)
{
    struct slice entry, text = file->text.octets;
    for (size_t at = 0; table_file_each(file, &at, &entry);) {
        require(lies_in(entry, text));
        require(table_file_number(file, table_hash(entry), SLICE(""), entry) <= file->size);
        struct value value = table_file_value(file, at);
        if (file->kind == TYPE_TEXT && value.state == VALUE_KNOWN)
            require(lies_in(value.text, text));
    }
    struct ip ip = {.family = 4};
    memcpy(ip.bytes, text.ptr, text.len < 4 ? text.len : 4);
    network_places_hold(&file->networks, &ip);
    ip.family = 6;
    network_places_hold(&file->networks, &ip);
}

FUZZ(in)
{
    struct index_header header = {.flags = fuzz_octet(&in), .kind = fuzz_octet(&in) % 16};
    const struct table_text text = {slice_sub(in, 0, fuzz_octet(&in)), header.flags & INDEX_PAIRS};
    struct slice rest = slice_from(in, text.octets.len);
    memcpy(header.version, index_version, sizeof header.version);
    memset(&header.lengths, fuzz_octet(&rest), sizeof header.lengths);
    header.text_size = (uint32_t)text.octets.len;
    header.size = fuzz_octet(&rest) % 32;
    header.count = header.size;
    header.network_size = fuzz_octet(&rest) % 32;
    size_t octets = index_parts(&header).end;
    char *index = calloc(1, octets);
    require(index);
    memcpy(index, &header, sizeof header);
    size_t body = octets - sizeof header;
    memcpy(index + sizeof header, rest.ptr, rest.len < body ? rest.len : body);
    struct table_file file;
    if (table_file_open(&file, &text, (struct slice){index, octets}))
        look_up(&file);
    free(index);
}
