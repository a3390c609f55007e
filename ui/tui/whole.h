/*
 * A spec over the whole model: what the tensors of a scan come to under it. While Compare is on the screen a scan goes on
 * from the current spec to those of the other columns, and each column keeps its sum. Part of the document.
 */
#ifndef TUI_WHOLE_H
#define TUI_WHOLE_H

#include "tui/findings.h"

typedef struct tui_whole {
    bool is_known;
    size_t count, db_count; /* tensors that have a report; those whose SQNR is finite */
    double elements, bits;  /* of all of them */
    double db, worst_db;    /* sum; the lowest */
    size_t worst;           /* the tensor of it */
} tui_whole;

void tui_whole_add(tui_whole *sum, const tui_finding *finding, const ql_tensor *tensor, size_t index);

/* Over all tensors of the sum, NAN when there are none. */
double tui_whole_bits(const tui_whole *sum); /* per weight, everything counted */
double tui_whole_mean_db(const tui_whole *sum);
double tui_whole_worst_db(const tui_whole *sum);

struct tui_document;

/* Another set of tensors is scanned: nothing is known. */
void tui_wholes_forget(struct tui_document *document);

/* The scan under way has come to its end: its column has its sum. */
void tui_wholes_take(struct tui_document *document);

/* Scans under the spec of the next open column that has no sum, if all have been asked for. */
void tui_wholes_scan(struct tui_document *document);

#endif
