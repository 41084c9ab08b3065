/* SPDX-License-Identifier: ISC
 * Streams (ISO 32000-2, 7.3.8): where their octets lie, and what they hold once decrypted and
 * unpacked. */
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"
#include "filters/pdf/pdf_filters.h"
#include "filters/pdf/pdf_internal.h"
#include "filters/pdf/pdf_text.h"

enum { STEPS_MAX = 16 };

struct steps {
    struct pdf_step items[STEPS_MAX];
    size_t count;
    const char *problem;
};

static bool ends_at(struct slice text, size_t at)
{
    size_t end = at + 3 < text.len ? at + 3 : text.len;
    while (at < end && pdf_is_space(text.ptr[at]))
        at++;
    return bytes_are(text, at, SLICE("endstream"));
}

/* One of the lengths that it may have leads to its end. */
static bool has_length(struct pdf *pdf, size_t from, uint32_t node, size_t *len)
{
    struct pdf_value values[PDF_VALUES_MAX];
    uint64_t length;
    size_t count = pdf_values(pdf, &pdf->stream, node, 0, values, PDF_VALUES_MAX);
    for (size_t i = 0; i < count; i++)
        if (values[i].kind == PDF_NUMBER && pdf_leading_number(values[i].raw, &length) &&
            bytes_has(pdf->content, from, length) && ends_at(pdf->content, from + (size_t)length)) {
            *len = (size_t)length;
            return true;
        }
    return false;
}

/* The octets up to the word that ends them; the end of the line before it is not theirs. */
static size_t searched_length(struct pdf *pdf, size_t from)
{
    struct slice rest = slice_from(pdf->content, from);
    size_t len = slice_search(rest, SLICE("endstream"));
    pdf->work += len;
    if (len == rest.len) {
        len = slice_search(rest, SLICE("endobj"));
        pdf->work += rest.len;
    }
    if (len < rest.len && len > 0 && rest.ptr[len - 1] == '\n')
        len--;
    if (len < rest.len && len > 0 && rest.ptr[len - 1] == '\r')
        len--;
    return len;
}

struct slice pdf_place(struct pdf *pdf, uint32_t index)
{
    size_t len = 0;
    if (!pdf_load(pdf, index, &pdf->stream) || !pdf_object(pdf, index)->stream)
        return (struct slice){0};
    size_t from = pdf_object(pdf, index)->stream;
    uint32_t node = pdf_find(&pdf->stream, 0, SLICE("Length"));
    if (!node || !has_length(pdf, from, node, &len))
        len = searched_length(pdf, from);
    return slice_sub(pdf->content, from, from + len);
}

bool pdf_is_bare(const struct pdf *pdf)
{
    return !pdf_find(&pdf->stream, 0, SLICE("Filter"));
}

static enum pdf_filter filter_of(struct slice raw)
{
    static const struct {
        struct slice names[2];
        enum pdf_filter filter;
    } filters[] = {
        {{SLICE("FlateDecode"), SLICE("Fl")}, PDF_FLATE},
        {{SLICE("LZWDecode"), SLICE("LZW")}, PDF_LZW},
        {{SLICE("ASCIIHexDecode"), SLICE("AHx")}, PDF_ASCII_HEX},
        {{SLICE("ASCII85Decode"), SLICE("A85")}, PDF_ASCII_85},
        {{SLICE("RunLengthDecode"), SLICE("RL")}, PDF_RUN_LENGTH},
        {{SLICE("Crypt"), SLICE("Crypt")}, PDF_CRYPT},
        {{SLICE("DCTDecode"), SLICE("DCT")}, PDF_DCT},
        {{SLICE("JPXDecode"), SLICE("JPXDecode")}, PDF_OTHER_PICTURE},
        {{SLICE("CCITTFaxDecode"), SLICE("CCF")}, PDF_OTHER_PICTURE},
        {{SLICE("JBIG2Decode"), SLICE("JBIG2Decode")}, PDF_OTHER_PICTURE},
    };
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        for (size_t k = 0; k < 2; k++)
            if (pdf_name_eq(raw, filters[i].names[k]))
                return filters[i].filter;
    return PDF_UNKNOWN;
}

static bool is_null(const struct pdf_value *value)
{
    return value->kind == PDF_WORD && slice_eq(value->raw, SLICE("null"));
}

static const char *add_filter(const struct pdf_value *value, struct steps *steps)
{
    if (is_null(value))
        return NULL;
    if (value->kind != PDF_NAME || steps->count == STEPS_MAX)
        return "corrupt";
    enum pdf_filter filter = filter_of(value->raw);
    steps->items[steps->count++] =
        (struct pdf_step){.filter = filter, .identity = filter == PDF_CRYPT};
    return NULL;
}

/* The value under `key` of the stream; an array or a dictionary is read in `filters`. False: there
 * is none, or (noted) viewers may differ about it. */
static bool read_key(struct pdf *pdf, struct slice key, struct steps *steps,
                     struct pdf_value *value)
{
    uint32_t node = pdf_find(&pdf->stream, 0, key);
    if (!node)
        return false;
    if (pdf_is_ambiguous(&pdf->stream, 0, key) || !pdf_value(pdf, &pdf->stream, node, value)) {
        steps->problem = "corrupt";
        return false;
    }
    if (value->kind == PDF_ARRAY || value->kind == PDF_DICT)
        pdf_parse_part(pdf, &pdf->filters, value->raw, 0);
    return true;
}

static uint32_t end_of_array(const struct pdf *pdf)
{
    return pdf_count(&pdf->filters) ? pdf_node(&pdf->filters, 0)->next : 0;
}

static void read_filters(struct pdf *pdf, struct steps *steps)
{
    struct pdf_value value;
    if (!read_key(pdf, SLICE("Filter"), steps, &value))
        return;
    if (value.kind != PDF_ARRAY) {
        steps->problem = add_filter(&value, steps);
        return;
    }
    for (uint32_t i = 1; i < end_of_array(pdf) && !steps->problem;
         i = pdf_node(&pdf->filters, i)->next)
        steps->problem =
            pdf_value(pdf, &pdf->filters, i, &value) ? add_filter(&value, steps) : "corrupt";
}

static uint32_t number_of(struct pdf *pdf, struct slice key)
{
    uint64_t number;
    struct pdf_value value;
    uint32_t node = pdf_find(&pdf->parameters, 0, key);
    return node && pdf_value(pdf, &pdf->parameters, node, &value) &&
                   pdf_leading_number(value.raw, &number)
               ? (uint32_t)number
               : 0;
}

static void set_parameters(struct pdf *pdf, struct slice dict, struct pdf_step *step)
{
    pdf_parse_part(pdf, &pdf->parameters, dict, 0);
    uint32_t early = pdf_find(&pdf->parameters, 0, SLICE("EarlyChange"));
    uint32_t name = pdf_find(&pdf->parameters, 0, SLICE("Name"));
    step->late_change = early && number_of(pdf, SLICE("EarlyChange")) == 0;
    step->identity = !name || pdf_is_name(&pdf->parameters, name, SLICE("Identity"));
    step->predictor = number_of(pdf, SLICE("Predictor"));
    step->colors = number_of(pdf, SLICE("Colors"));
    step->bits = number_of(pdf, SLICE("BitsPerComponent"));
    step->columns = number_of(pdf, SLICE("Columns"));
}

/* Those of each filter, or of the only one. */
static void read_parameters(struct pdf *pdf, struct steps *steps)
{
    struct pdf_value value;
    size_t which = 0;
    if (!read_key(pdf, SLICE("DecodeParms"), steps, &value) &&
        !read_key(pdf, SLICE("DP"), steps, &value))
        return;
    if (value.kind == PDF_DICT && steps->count)
        set_parameters(pdf, value.raw, &steps->items[0]);
    for (uint32_t i = 1; value.kind == PDF_ARRAY && i < end_of_array(pdf) && which < steps->count;
         i = pdf_node(&pdf->filters, i)->next, which++) {
        struct pdf_value one;
        if (!pdf_value(pdf, &pdf->filters, i, &one))
            steps->problem = "corrupt";
        else if (one.kind == PDF_DICT)
            set_parameters(pdf, one.raw, &steps->items[which]);
    }
}

/* Each step's output is the next one's input; the last one's is `out`. */
static const char *run_steps(const struct steps *steps, struct slice in, struct buf *out)
{
    struct buf before = buf_init(out->max), after = buf_init(out->max);
    const char *problem = NULL;
    if (steps->count == 0 && !buf_append(out, in))
        problem = "limit: bytes";
    for (size_t i = 0; i < steps->count && !problem; i++) {
        bool last = i + 1 == steps->count;
        problem = pdf_unfilter(&steps->items[i], in, last ? out : &after);
        struct buf used = before;
        before = after;
        after = used;
        buf_clear(&after);
        in = buf_slice(&before);
    }
    buf_release(&before);
    buf_release(&after);
    return problem;
}

static bool is_plain(const struct pdf *pdf, enum pdf_method method, const struct steps *steps)
{
    uint32_t type = pdf_find(&pdf->stream, 0, SLICE("Type"));
    bool table = type && pdf_is_name(&pdf->stream, type, SLICE("XRef"));
    bool identity = steps->count && steps->items[0].filter == PDF_CRYPT && steps->items[0].identity;
    return !pdf->opened || method == PDF_PLAIN || table || identity;
}

/* Does the unpacking fail for what is not rightly decrypted? */
static bool tells_damage(const struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        if (steps->items[i].filter == PDF_FLATE)
            return true;
    return false;
}

/* What a file says to be encrypted may not be. */
static const char *run_decrypted(struct pdf *pdf, uint32_t index, enum pdf_method method,
                                 const struct steps *steps, struct slice in, struct buf *out)
{
    const struct pdf_object *object = pdf_object(pdf, index);
    struct buf plain = buf_init(in.len + AES_BLOCK);
    const char *problem = "corrupt";
    if (pdf_decrypt(&pdf->crypt, method, object->number, object->generation, in, &plain))
        problem = run_steps(steps, buf_slice(&plain), out);
    buf_release(&plain);
    if (!problem || out->failed || !tells_damage(steps))
        return problem;
    buf_clear(out);
    return run_steps(steps, in, out);
}

static const char *run(struct pdf *pdf, uint32_t index, enum pdf_method method,
                       const struct steps *steps, struct slice place, struct buf *out)
{
    const char *problem = is_plain(pdf, method, steps)
                              ? run_steps(steps, place, out)
                              : run_decrypted(pdf, index, method, steps, place, out);
    return problem && cpu_budget_spent(0) ? CPU_BUDGET_SPENT : problem;
}

static void read_steps(struct pdf *pdf, struct steps *steps)
{
    *steps = (struct steps){0};
    read_filters(pdf, steps);
    if (!steps->problem)
        read_parameters(pdf, steps);
}

const char *pdf_unpack(struct pdf *pdf, uint32_t index, enum pdf_method method, struct buf *out)
{
    struct steps steps;
    struct slice place = pdf_place(pdf, index);
    read_steps(pdf, &steps);
    return steps.problem ? steps.problem : run(pdf, index, method, &steps, place, out);
}

const char *pdf_unpack_picture(struct pdf *pdf, uint32_t index, enum pdf_method method,
                               enum pdf_packing *packing, struct buf *out)
{
    struct steps steps;
    struct slice place = pdf_place(pdf, index);
    read_steps(pdf, &steps);
    if (steps.problem)
        return steps.problem;
    enum pdf_filter last = steps.count ? steps.items[steps.count - 1].filter : PDF_CRYPT;
    bool packed = last == PDF_DCT || last == PDF_OTHER_PICTURE;
    *packing = last == PDF_DCT ? PDF_JPEG : packed ? PDF_OTHER : PDF_SAMPLES;
    steps.count -= packed;
    return run(pdf, index, method, &steps, place, out);
}
