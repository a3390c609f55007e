/*
 * The columns of the Compare view: specs beside each other, of the selected tensor.
 *
 *      A          B          C ...        the selected column is the document's current spec, in every view: turning a knob
 *      pinned     pinned     selected     changes it, and moving to another column changes the spec; undo goes back within
 *                                         the column, and a copy takes over what can be undone
 *
 * To pin a spec is to go on in a copy of it. Columns that nobody asked for (`is_offered`) fill the view at a first start; a
 * pin sends them away. Part of the document: only its functions and those here write.
 */
#ifndef TUI_PINS_H
#define TUI_PINS_H

#include "tui/history.h"
#include "tui/trials.h"
#include "tui/whole.h"

enum { TUI_PINS_MOST = 6 };

typedef struct tui_pin {
    ql_spec spec;
    char spec_text[QL_SPEC_TEXT];
    tui_history history;
    tui_whole whole; /* of this spec */
    bool is_offered;
    tui_measure *shown; /* one reference: of this spec, or what the column showed before; NULL: nothing yet */
    ql_error problem;   /* why it has no report; QL_OK: nothing is wrong */
} tui_pin;

typedef struct tui_pins {
    tui_pin pins[TUI_PINS_MOST];
    size_t count, at, baseline; /* at, baseline < count */
    tui_trials trials;
    bool open;       /* the columns are on the screen: all are measured */
    uint64_t ticket; /* of the queue that measures them */
    bool busy;       /* it is not empty yet */
} tui_pins;

struct tui_document;

/* One column: the current spec. */
void tui_pins_start(struct tui_document *document);
void tui_pins_free(tui_pins *pins);

/* The view comes on the screen and leaves it. */
void tui_pins_open(struct tui_document *document);
void tui_pins_close(struct tui_document *document);

/* A copy of the current spec as a new column, the last one, which is then selected. Pinning also sends the offered columns
   away. Both say what they did. */
void tui_pins_keep(struct tui_document *document);
void tui_pins_add(struct tui_document *document);
void tui_pins_drop(struct tui_document *document);
void tui_pins_move(struct tui_document *document, int columns);
void tui_pins_set_baseline(struct tui_document *document);

/* The selected trial: the next one, and as a new column, which is then selected. */
void tui_pins_next_trial(struct tui_document *document, int direction);
void tui_pins_add_trial(struct tui_document *document);

/* Puts columns in the place of those that there are: [count] specs, 2 or more. The selected one is the current spec. */
void tui_pins_restore(struct tui_document *document, const char *const *specs, size_t count, size_t at, size_t baseline);

/* The document has another current spec: so has the selected column. */
void tui_pins_follow(struct tui_document *document);

/* Asks for what the open columns and the trials lack; takes what there is. */
void tui_pins_measure(struct tui_document *document);
void tui_pins_take(struct tui_document *document, const tui_event *event);

/* The tensor is a matrix whose inputs are as many as the activations have channels, so that there is a product. */
bool tui_pins_have_product(const struct tui_document *document);

/* The numbers of a column are of its spec and the selected tensor: exact, or an estimate too. */
bool tui_pin_is_exact(const struct tui_document *document, size_t column);
bool tui_pin_is_current(const struct tui_document *document, size_t column);

#endif
