/* The target of two files: | u16 size of the first, little-endian | the first | the other |. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 2, FEW_PAIRS = 4, FEW_VALUES = 4096 };

static void check_pair(ql_engine *engine, const ql_model *model, const ql_pair *pair)
{
    fuzz_check_printable(pair->note);
    FUZZ_DEMAND(pair->is_comparable || *pair->note);
    if (!pair->is_comparable || pair->tensor->element_count > FEW_VALUES)
        return;
    FUZZ_DEMAND(pair->tensor->element_count == pair->other->element_count);
    ql_profile *profile = NULL;
    ql_diff diff;
    ql_error error = { 0 };
    ql_status status = ql_profile_make(engine, model, pair->tensor, NULL, &profile, &error);
    if (status == QL_OK)
        status = ql_diff_make(engine, profile, pair, NULL, &diff, &error);
    if (status != QL_OK)
        fuzz_check_failure(status, &error, QL_UNUSABLE, QL_BAD_FILE);
    else
        FUZZ_DEMAND(diff.metrics[QL_MSE] >= 0 && diff.bits_per_weight > 0);
    ql_profile_free(&profile);
}

static void check_pairs(const ql_model *first, const ql_model *other)
{
    static ql_engine *engine;
    ql_pairs *pairs = NULL;
    FUZZ_DEMAND(engine || ql_engine_new(1, &engine, NULL) == QL_OK);
    FUZZ_DEMAND(ql_pairs_make(first, other, &pairs, NULL) == QL_OK);
    FUZZ_DEMAND(pairs->count + pairs->only_in_first_count == ql_model_tensor_count(first));
    FUZZ_DEMAND(pairs->count + pairs->only_in_other_count == ql_model_tensor_count(other));
    for (size_t i = 0; i < pairs->count && i < FEW_PAIRS; i++)
        check_pair(engine, first, &pairs->pairs[i]);
    ql_pairs_free(&pairs);
}

static void run_diff(const uint8_t *bytes, size_t size)
{
    if (size < HEAD)
        return;
    size_t first_size = bytes[0] | (size_t)bytes[1] << 8, rest = size - HEAD;
    first_size = first_size < rest ? first_size : rest;
    ql_model *first = NULL, *other = NULL;
    const uint8_t *begin = bytes + HEAD;
    if (ql_model_open_memory("a", begin, first_size, QL_LAYOUT_AUTO, &first, NULL) == QL_OK &&
        ql_model_open_memory("b", begin + first_size, rest - first_size, QL_LAYOUT_AUTO, &other, NULL) == QL_OK)
        check_pairs(first, other);
    ql_model_free(&first);
    ql_model_free(&other);
}

/* A file against itself. */
static bool twice(const uint8_t *file, size_t file_size, const uint8_t **begin, size_t *size)
{
    enum { MOST = 4000 };
    static uint8_t pair[HEAD + 2 * MOST];
    if (file_size > MOST)
        return false;
    pair[0] = (uint8_t)file_size;
    pair[1] = (uint8_t)(file_size >> 8);
    memcpy(pair + HEAD, file, file_size);
    memcpy(pair + HEAD + file_size, file, file_size);
    *begin = pair;
    *size = HEAD + 2 * file_size;
    return true;
}

const fuzz_target fuzz_diff = { .name = "diff", .run = run_diff, .files = "good/gguf good/st- good/torch", .piece = twice };
