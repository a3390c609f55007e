/*
 * What the files of the document share; everything else knows document.h alone.
 *
 *   document.c   what is selected, requests, life
 *   turns.c      the knobs: turns, what is typed, undo
 *   answers.c    what the worker has sent
 */
#ifndef TUI_DOCUMENT_PARTS_H
#define TUI_DOCUMENT_PARTS_H

#include "tui/document.h"

/* These numbers are on the screen from now on. */
void tui_document_show(tui_document *document, tui_measure *measure);

/* Another current spec, without a request and without undo; what the cache still holds of it is known at once. */
void tui_document_use(tui_document *document, const ql_spec *spec);

/* Scans what of the set is not known yet under the spec. */
void tui_document_start_scan(tui_document *document);

/* Makes the turns that wait for the profile or a report, if it is there or will not come. */
void tui_document_make_turns(tui_document *document);

#endif
