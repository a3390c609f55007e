/* none: the values as they are stored, the baseline of comparisons. There are no codes of its own. */
#include "quant/schemes.h"

#include <string.h>

static void code_range(const ql_spec *spec, int *lo, int *hi)
{
    (void)spec;
    *lo = *hi = 0;
}

static unsigned levels(const ql_quantizer *q)
{
    (void)q;
    return 0;
}

static ql_status prepare(ql_quantizer *q, const ql_profile *profile, ql_error *error)
{
    (void)error;
    const ql_tensor *tensor = profile->tensor;
    q->spec.bits = ql_dtype_describe(tensor->dtype)->bits;
    q->stored_extra_bits = 8.0 * (double)tensor->byte_count - (double)q->spec.bits * (double)tensor->element_count;
    return QL_OK;
}

static uint64_t quantize(const ql_quantizer *q, const ql_kernels *kernels, const ql_tile *tile)
{
    (void)q;
    (void)kernels;
    memset(tile->codes, 0, tile->n * sizeof *tile->codes);
    memcpy(tile->y, tile->x, tile->n * sizeof *tile->y);
    return 0;
}

static double zero(const ql_quantizer *q, uint64_t group)
{
    (void)q;
    (void)group;
    return 0;
}

/* Of a block type: its scales and all else that is no code. */
static double parameter_bits(const ql_quantizer *q)
{
    return q->stored_extra_bits;
}

const ql_mapping ql_mapping_none = {
    .info = { .name = "none",
              .title = "as stored",
              .formula = "y = x",
              .source = "the file",
              .storage = "those of the type" },
    .symmetric = true,
    .code_range = code_range,
    .levels = levels,
    .prepare = prepare,
    .parameter_bits = parameter_bits,
    .quantize = quantize,
    .half_gap = zero,
};
