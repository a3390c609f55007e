/* The linear layers of known models, by their published configurations. */
#ifndef CLI_PRESETS_H
#define CLI_PRESETS_H

#include <stddef.h>
#include <stdint.h>

typedef struct cli_layer {
    const char *name; /* NULL ends a list */
    uint64_t k, n;    /* inputs, outputs */
} cli_layer;

typedef struct cli_preset {
    const char *name;
    const char *meaning;
    uint64_t m; /* usual rows of X; 0: as everywhere */
    const cli_layer *layers;
} cli_preset;

/* In display order; NULL at the end. */
const cli_preset *cli_preset_at(size_t index);
const cli_preset *cli_preset_find(const char *name);

#endif
