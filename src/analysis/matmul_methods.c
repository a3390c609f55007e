/* The methods of ql_matmul: matmul.h says what a row means. */
#include "analysis/matmul.h"
#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const ql_method table[] = {
    { { "fp32", "", "float32, sums fused and in order: what the others are compared with" },
      QL_NO_ARGUMENT,
      true,
      ql_prepare_fp32,
      ql_run_floats },
    { { "int8:tensor", "", "8-bit codes, one step for W and one for X, by absmax" },
      QL_NO_ARGUMENT,
      false,
      ql_prepare_tensor,
      ql_run_tensor },
    { { "int8:row", "", "8-bit codes, a step for each output of W and each row of X, by absmax" },
      QL_NO_ARGUMENT,
      false,
      ql_way_code_rows,
      ql_run_row },
    { { "int8:static", "", "the same W; X by a range found on the first quarter of its rows, then frozen" },
      QL_NO_ARGUMENT,
      false,
      ql_prepare_static,
      ql_run_static },
    { { "llm_int8", "T", "LLM.int8(): columns of X that reach T apart in half precision, the rest as int8:row" },
      QL_THRESHOLD,
      false,
      ql_prepare_split,
      ql_run_llm_int8 },
    { { "bnb_llm_int8", "T", "the same as bitsandbytes does it: W coded once, its codes serve the outlier columns too" },
      QL_THRESHOLD,
      false,
      ql_prepare_split,
      ql_run_bnb_llm_int8 },
    { { "integer", "[T]", "integers from X to Y, requantized; ranges from the first quarter of the rows, X clipped at T" },
      QL_THRESHOLD_OR_NOT,
      false,
      ql_prepare_integer,
      ql_run_integer },
    { { "weights", "SPEC", "W as codes of a spec, decoded piece by piece in cache; X in float32" },
      QL_SPEC_ARGUMENT,
      true,
      ql_prepare_weights,
      ql_run_floats },
    { { "weights_a8", "SPEC", "W as codes of a spec with a scale for each group of inputs; X in 8 bits as int8:row" },
      QL_SPEC_ARGUMENT,
      false,
      ql_prepare_weights_a8,
      ql_run_weights_a8 },
    { { "simulated", "SPEC", "W quantized by a spec and back before the product: float32 throughout" },
      QL_SPEC_ARGUMENT,
      true,
      ql_prepare_simulated,
      ql_run_floats },
};
enum { COUNT = sizeof table / sizeof *table };

const ql_matmul_method *ql_matmul_method_at(size_t index)
{
    return index < COUNT ? &table[index].info : NULL;
}

/* The rest of the text behind the name of a method, NULL: another one. "" when it ends there. */
static const char *argument_of(const ql_method *method, const char *text)
{
    const size_t length = strlen(method->info.name);
    if (strncmp(text, method->info.name, length) != 0) {
        return NULL;
    }
    return text[length] == ':' ? text + length + 1 : text[length] ? NULL : "";
}

static ql_status parse_threshold(const ql_method *method, const char *text, ql_way *way, ql_error *error)
{
    char *end;
    if (!*text && method->argument == QL_THRESHOLD_OR_NOT) {
        way->threshold = (double)INFINITY;
        return QL_OK;
    }
    way->threshold = strtod(text, &end);
    if (!*text || *end || !((float)way->threshold > 0)) { /* X is float32 */
        char shown[80];
        ql_text_print(shown, sizeof shown, ql_text_from(text), 30);
        return ql_fail(error, QL_BAD_USAGE, "%s takes a threshold above 0 (%s:6, %s:inf), not '%s'", method->info.name,
                       method->info.name, method->info.name, shown);
    }
    return QL_OK;
}

static ql_status fail_unknown(const char *text, ql_error *error)
{
    char shown[80], all[400];
    size_t used = 0;
    ql_text_print(shown, sizeof shown, ql_text_from(text), 40);
    for (size_t i = 0; i < COUNT && used < sizeof all; i++) {
        const ql_matmul_method *m = &table[i].info;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s%s%s", i ? ", " : "", m->name, *m->argument ? ":" : "",
                                 m->argument);
    }
    return ql_fail(error, QL_BAD_USAGE, "no method '%s'; there are %s", shown, all);
}

ql_status ql_method_parse(const char *text, const ql_method **out, ql_way *way, ql_error *error)
{
    for (size_t i = 0; i < COUNT; i++) {
        const char *argument = argument_of(&table[i], text);
        if (!argument || (table[i].argument == QL_NO_ARGUMENT && *argument)) {
            continue;
        }
        *out = &table[i];
        switch (table[i].argument) {
        case QL_NO_ARGUMENT:
            return QL_OK;
        case QL_THRESHOLD:
        case QL_THRESHOLD_OR_NOT:
            return parse_threshold(&table[i], argument, way, error);
        case QL_SPEC_ARGUMENT:
            return ql_spec_parse(argument, &way->spec, error);
        }
    }
    return fail_unknown(text, error);
}

ql_status ql_matmul_method_check(const char *text, char out[QL_SPEC_TEXT + 32], ql_error *error)
{
    const ql_method *method;
    ql_way way = { .threshold = 0 };
    const ql_status status = ql_method_parse(text, &method, &way, error);
    if (status == QL_OK) {
        char spec[QL_SPEC_TEXT] = "";
        if (method->argument == QL_SPEC_ARGUMENT) {
            ql_spec_format(&way.spec, spec);
        } else if (method->argument == QL_THRESHOLD ||
                   (method->argument == QL_THRESHOLD_OR_NOT && isfinite(way.threshold))) {
            snprintf(spec, sizeof spec, "%.9g", way.threshold);
        }
        snprintf(out, QL_SPEC_TEXT + 32, "%s%s%s", method->info.name, *spec ? ":" : "", spec);
    }
    return status;
}

void ql_way_free(ql_way *way)
{
    ql_packed_free(&way->w);
    ql_gemm_x_free(&way->x);
    free(way->w_steps);
    free(way->x_steps);
    free(way->w_sums);
    free(way->largest);
    free(way->outliers);
    if (way->free_state && way->state) {
        way->free_state(way->state);
    }
    *way = (ql_way) { .o = NULL };
}

double ql_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void *ql_way_array(size_t count, size_t size, ql_error *error)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (!memory) {
        ql_fail_memory(error, (uint64_t)count * size);
    }
    return memory;
}
