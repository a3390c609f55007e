/* Counted activations. */
#include "tui/inputs.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct counted {
    tui_inputs inputs; /* first: a tui_inputs is always the start of one of these */
    atomic_uint references;
    ql_activations *activations;
    char text[];
} counted;

ql_status tui_inputs_open(const char *text, tui_inputs **out, ql_error *error)
{
    const size_t size = strlen(text) + 1;
    counted *made = calloc(1, sizeof *made + size);
    if (!made) {
        snprintf(error->message, sizeof error->message, "out of memory for activations");
        return error->status = QL_NO_MEMORY;
    }
    const ql_status status = ql_activations_open(text, &made->activations, error);
    if (status != QL_OK) {
        free(made);
        return status;
    }
    memcpy(made->text, text, size);
    made->inputs = (tui_inputs) { made->activations, made->text };
    atomic_init(&made->references, 1);
    *out = &made->inputs;
    return QL_OK;
}

const char *tui_inputs_named(const tui_inputs *inputs, const ql_tensor *tensor)
{
    return ql_activations_are_real(inputs->activations, tensor) ? inputs->text : TUI_INPUTS_USUAL;
}

tui_inputs *tui_inputs_retain(tui_inputs *inputs)
{
    if (inputs)
        atomic_fetch_add(&((counted *)inputs)->references, 1);
    return inputs;
}

void tui_inputs_release(tui_inputs **inputs)
{
    counted *held = (counted *)*inputs;
    *inputs = NULL;
    if (held && atomic_fetch_sub(&held->references, 1) == 1) {
        ql_activations_free(&held->activations);
        free(held);
    }
}
