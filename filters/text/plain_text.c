/* SPDX-License-Identifier: ISC */
#include "filters/text/plain_text.h"

#include "filters/mime/headers.h"
#include "filters/mime/transfer.h"

static size_t take_quotes(struct slice *line)
{
    size_t depth = 0;
    while (line->len > 0 && line->ptr[0] == '>') {
        depth++;
        *line = slice_from(*line, 1);
        if (line->len > 1 && line->ptr[0] == ' ' && line->ptr[1] == '>')
            *line = slice_from(*line, 1);
    }
    return depth;
}

static bool is_soft(struct slice line)
{
    return line.len > 0 && line.ptr[line.len - 1] == ' ' && !slice_eq(line, SLICE("-- ")) &&
           !slice_eq(line, SLICE(" -- "));
}

static void read_line(struct paragraphs *p, struct slice line, struct plain_form form,
                      size_t *depth)
{
    size_t quoted = take_quotes(&line);
    if (quoted != *depth || slice_trim(line).len == 0)
        paragraphs_end(p);
    *depth = quoted;
    bool joined = form.flowed && form.delsp && is_soft(line);
    if (form.flowed && line.len > 0 && line.ptr[0] == ' ')
        line = slice_from(line, 1); /* space-stuffing (RFC 3676 4.4) */
    if (joined && line.len > 0)
        line.len--;
    paragraphs_add(p, line);
    if (!joined)
        paragraphs_blank(p);
}

static void read_lines(struct paragraphs *p, struct slice text, struct plain_form form)
{
    struct line line;
    size_t depth = 0;
    for (size_t at = 0; line_at(text, at, &line); at = line.next)
        read_line(p, line.text, form, &depth);
    paragraphs_end(p);
}

void plain_text_read(struct paragraphs *p, struct slice text, struct plain_form form)
{
    struct uu_block block = {.to = 0};
    size_t from = 0;
    while (uu_find(text, from, &block)) {
        read_lines(p, slice_sub(text, from, block.from), form);
        from = block.to;
    }
    read_lines(p, slice_from(text, from), form);
}
