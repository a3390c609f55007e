/*
 * The activations of every product on the screen, shared by the worker that reads and multiplies them and the screen that
 * names them. An error of a product is of these activations or of others: measures keep a reference to compare with.
 */
#ifndef TUI_INPUTS_H
#define TUI_INPUTS_H

#include "qloupe.h"

typedef struct tui_inputs {
    const ql_activations *activations; /* immutable */
    const char *text;                  /* as a person named them: "synthetic", FILE, FILE:TENSOR or FOLDER */
} tui_inputs;

/* Reads them: not for the thread of the screen, but for "synthetic". One reference. */
ql_status tui_inputs_open(const char *text, tui_inputs **out, ql_error *error);
tui_inputs *tui_inputs_retain(tui_inputs *inputs);
void tui_inputs_release(tui_inputs **inputs); /* accepts NULL, leaves NULL; the last one frees */

/* How a command line names those of a tensor: as the person did, but "synthetic" where a folder has no file for it. */
const char *tui_inputs_named(const tui_inputs *inputs, const ql_tensor *tensor);

/* As "synthetic" means them, which is what there is when nobody named any. */
#define TUI_INPUTS_USUAL "synthetic"

#endif
