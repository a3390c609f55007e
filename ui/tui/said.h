/* Command lines about what is on the screen. */
#ifndef TUI_SAID_H
#define TUI_SAID_H

#include "text/command.h"
#include "tui/app.h"

/* The words that say what is shown: file, tensor, how the file is read, and its specs: of all columns while they are open,
   else the current one. */
typedef struct tui_said {
    text_words words; /* borrows from here and from the app, until either changes */
    char *tensor;     /* owned */
    const char *specs[TUI_PINS_MOST];
    tui_method *methods; /* owned, of products; NULL: none */
    const char *method_at[TUI_EXPORT_METHODS];
} tui_said;

/* False when memory is short; tui_said_free in any case. */
bool tui_say(tui_said *out, const tui_app *app);
void tui_said_free(tui_said *said);

/* The numbers that are shown, or were asked for, hold the error of a product: in Compare, and where a person named its
   activations. */
bool tui_tells_product(const tui_app *app);

/* The same of the selected column alone. */
void tui_said_one(tui_said *said, const tui_app *app);

#endif
