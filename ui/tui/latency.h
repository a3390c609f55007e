/*
 * --bench-ui: how long a person waits. The interface runs on a pseudo-terminal of its own, whose other end is read as a
 * terminal reads it. There the keys of the script are typed, each once nothing is under way any more; the clock runs from
 * then on to the repaints. The person's terminal is never touched.
 *
 *   script --> tui_latency_type --> the terminal --> tui_latency_pressed --> repaints: tui_latency_painted
 */
#ifndef TUI_LATENCY_H
#define TUI_LATENCY_H

#include <stdbool.h>
#include <stdio.h>

#include "tui/key.h"

typedef struct tui_latency tui_latency;

/* A pseudo-terminal of this size, for `keys` keys at most. */
ql_status tui_latency_start(int rows, int cols, size_t keys, tui_latency **out, ql_error *error);

/* Its file descriptor, for the interface. */
int tui_latency_terminal(const tui_latency *latency);

/* Hands the key over. False when the terminal has no way to type it: act on it instead. */
bool tui_latency_type(tui_latency *latency, tui_key key);

/* The newest key has not been acted on, or not been followed by a repaint yet. */
bool tui_latency_is_waiting(const tui_latency *latency);

/* The key is acted on now; the screen was repainted, with (`sent`) something to send, with numbers that are not older ones
   (`current`: exact or an estimate) and that are exact. latency NULL: nothing is done. */
void tui_latency_pressed(tui_latency *latency);
void tui_latency_painted(tui_latency *latency, bool sent, bool current, bool exact);

/* Closes the terminal, which the interface must have left, and writes what was found: a table, or JSON. */
void tui_latency_report(tui_latency *latency, unsigned threads, bool json, FILE *out);

/* Accepts NULL, leaves NULL. */
void tui_latency_free(tui_latency **latency);

#endif
