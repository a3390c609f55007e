/* Where the demo model is. */
#ifndef TEXT_DEMO_H
#define TEXT_DEMO_H

#include <stdbool.h>
#include <stddef.h>

/* The matrix of the demo on which differences between schemes are easy to see. */
#define TEXT_DEMO_TENSOR "h.2.mlp.c_fc.weight"

/* Writes the path of the demo model: beside the source tree's build folder, below the installation's prefix, or in the
   folder that was compiled in, whichever can be read first; relative when it lies below the current folder. False when there
   is none, with the path that was expected. */
bool text_demo_path(char *out, size_t size);

/* The folder with the inputs of the demo model's layers, which stands beside it. False when there is none. */
bool text_demo_inputs(const char *demo_path, char *out, size_t size);

#endif
