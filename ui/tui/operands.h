/* What the MatMul view multiplies, beside the document, and how. */
#ifndef TUI_OPERANDS_H
#define TUI_OPERANDS_H

#include <stdint.h>

/* From where to where a value can be on the axis of the channels; of the last frame. */
typedef struct tui_channel_axis {
    int y, rows; /* rows 0: it was not drawn */
    double lo, hi;
} tui_channel_axis;

typedef struct tui_operands {
    double threshold; /* of LLM.int8(); 0 before the view was opened */
    uint64_t rows;    /* of X, 0: all */
    unsigned threads; /* 0: as many as the worker has */
    unsigned reruns;
    int method; /* row of the table whose error the map shows; 0: the split */
    tui_channel_axis axis;
} tui_operands;

#define TUI_USUAL_THRESHOLD 6.0

#endif
