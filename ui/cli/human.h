/* A document for people: aligned columns on a terminal. */
#ifndef CLI_HUMAN_H
#define CLI_HUMAN_H

#include "sheet/table.h"

/* How a terminal takes the text. */
typedef struct cli_style {
    size_t width; /* columns */
    bool color;
} cli_style;

void cli_write_human(FILE *out, const sheet_document *document, const cli_style *style);

#endif
