/*
 * Follows what a program sends to a terminal: which modes it has set, where its frames end, and whether it sent anything
 * that it should not: bytes that are no UTF-8, control characters or sequences that nothing here asks for (text of a hostile
 * file that was let through), characters of the other screen outside a synchronized update (which would flicker).
 */
#ifndef QL_TESTS_VT_H
#define QL_TESTS_VT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct vt {
    bool ascii; /* set by the caller: only ASCII is right */

    bool alternate, cursor_hidden, mouse, keypad, synchronized; /* as they are now */
    size_t frames;                                              /* synchronized updates that have ended */
    size_t clears;                                              /* times the screen was erased */
    size_t bytes;
    char problem[160]; /* the first one; empty: none */

    int state; /* of the parser */
    char sequence[64];
    size_t used;
    unsigned codepoint, missing; /* of a character that has not all come */
} vt;

void vt_feed(vt *screen, const char *bytes, size_t size);

/* All is as a shell expects it: the main screen, a cursor, no mouse, the keypad's own keys. */
bool vt_is_left(const vt *screen);

#endif
