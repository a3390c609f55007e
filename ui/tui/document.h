/*
 * The document: what is selected, which spec, what is known about it. Nothing of how it looks.
 *
 * The numbers on the screen are those of `shown`. While a newer answer is being made `shown` stays: it is then not
 * exact (tui_document_is_exact), and the screen says so.
 */
#ifndef TUI_DOCUMENT_H
#define TUI_DOCUMENT_H

#include "tui/findings.h"
#include "tui/jobs.h"
#include "tui/looks.h"
#include "tui/pins.h"
#include "tui/range.h"
#include "tui/scope.h"
#include "tui/whole.h"

/* What a key can turn: a key of the spec, or one of these. */
enum {
    TUI_KNOB_SCHEME = QL_KEY_COUNT, /* the mapping */
    TUI_KNOB_FEWER,                 /* next is one bit fewer, and from the fewest back to the most */
    TUI_KNOB_FINE,                  /* the number that is active: percentile, range by hand, or block size */
    TUI_KNOB_RANGE,                 /* the clipping range by hand: both ends, or as below; outwards is next */
    TUI_KNOB_RANGE_LO,
    TUI_KNOB_RANGE_HI,
};

enum { TUI_PENDING_SIZE = 64, TUI_MESSAGE_SIZE = 700 };

#define TUI_FIRST_SPEC "absmax"

typedef struct tui_turn {
    int knob, direction;
    double share; /* of a range by hand: how far, as a share of the range of all values */
} tui_turn;

typedef struct tui_document {
    const ql_model *model;
    tui_jobs *jobs;

    size_t tensor;
    ql_spec spec;
    char spec_text[QL_SPEC_TEXT];

    int run; /* of turns that are undone at once: the knob; 0: the next one is a turn of its own */
    tui_turn pending[TUI_PENDING_SIZE]; /* turns that need the profile, or a report, before they can be made */
    size_t pending_count;

    const ql_profile **profiles; /* owned array [tensor count] of what jobs owns; NULL: not known yet */
    tui_cache cache;
    tui_findings findings; /* of all tensors */
    tui_measure *shown;    /* one reference; NULL before the first report */
    tui_pins pins;
    tui_scope scope;
    tui_looks looks;
    tui_inputs *inputs; /* one reference: X of every product; never NULL after the start */
    uint64_t reading;   /* ticket of the activations that are to take their place; 0: none */
    ql_error problem;   /* why there is no report of this tensor and spec; status QL_OK: nothing is wrong */

    uint64_t ticket; /* of the newest request */
    bool busy;       /* it is not finished */
    bool stopped;    /* it was cancelled by hand */
    bool exporting;  /* something is being written */
    bool unwritten;  /* nothing came of it, */
    bool exists;     /* since there is something of that name */

    size_t *scan_set; /* owned [scan_count]: tensors to be measured under every spec; NULL: no scan was asked for */
    size_t scan_count;
    uint64_t scan_ticket;
    bool scanning;
    bool scans_other; /* under the spec of another column of Compare, scan_spec_text, to `gathered` */
    char scan_spec_text[QL_SPEC_TEXT];
    tui_whole gathered;

    char message[TUI_MESSAGE_SIZE]; /* for the status line; "" when there is nothing to say */
    bool is_error;
} tui_document;

/* Starts with a spec (NULL: TUI_FIRST_SPEC) on a tensor. */
ql_status tui_document_start(tui_document *document, const ql_model *model, tui_jobs *jobs, size_t tensor, const char *spec,
                             ql_error *error);
void tui_document_free(tui_document *document);

void tui_document_select(tui_document *document, size_t tensor);
void tui_document_turn(tui_document *document, int knob, int direction);
/* Moves the clipping range by hand (TUI_KNOB_RANGE and its ends), or brings an end to a value, told apart from others by
   `grain`. Such turns that follow each other are undone at once; end_run says that the next is another one. */
void tui_document_move_range(tui_document *document, int knob, int direction, double share);
void tui_document_set_range(tui_document *document, int knob, double value, double grain);
void tui_document_end_run(tui_document *document);
void tui_document_set_spec(tui_document *document, const ql_spec *spec); /* as one undoable turn */
void tui_document_load(tui_document *document, const ql_spec *spec);     /* the same, leaving what can be undone alone */
/* What a person typed: a whole spec, or the value of a knob (a key of the spec or TUI_KNOB_SCHEME). One undoable turn; false
   with a message when it makes no sense. */
bool tui_document_type_spec(tui_document *document, const char *text);
bool tui_document_type_value(tui_document *document, int knob, const char *text);
void tui_document_undo(tui_document *document, int direction); /* < 0 undo, > 0 redo */
void tui_document_measure(tui_document *document);             /* asks again */
/* Measures these tensors (copied) in the background, under this spec and every one that is chosen later, until it is
   stopped. */
void tui_document_scan(tui_document *document, const size_t *tensors, size_t count);
void tui_document_stop(tui_document *document); /* cancels what is under way */
void tui_document_export(tui_document *document, tui_export *wish); /* takes the wish over */
/* The measure of a spec of the selected tensor, borrowed; NULL: not known. */
tui_measure *tui_document_find(tui_document *document, const char *spec_text);

/* Multiplies with other activations: read by the worker, or read already. */
void tui_document_read_inputs(tui_document *document, const char *text);
void tui_document_use_inputs(tui_document *document, tui_inputs *inputs);

/* Takes what the worker has sent. Returns true when something changed. */
bool tui_document_collect(tui_document *document);

/* `shown` is of the tensor and spec that are selected: exact, or an estimate too. */
bool tui_document_is_exact(const tui_document *document);
bool tui_document_is_current(const tui_document *document);

/* Nothing is under way: every number is exact or there is a reason why not. */
bool tui_document_is_settled(const tui_document *document);

const ql_tensor *tui_document_tensor(const tui_document *document);
const ql_profile *tui_document_profile(const tui_document *document); /* NULL: not known yet, or no values */

/* The spec in words, UTF-8: "symmetric, absolute maximum · 8 bits · per tensor · no clipping". */
void tui_document_words(const tui_document *document, char *out, size_t size);

/* A canonical spec made safe to show: the path in it is anything. */
enum { TUI_SPEC_SHOWN = 4 * QL_SPEC_TEXT };
void tui_show_spec(char out[TUI_SPEC_SHOWN], const char *spec_text);

/* Why a knob stays as it is: "mxfp4 has fixed blocks of 32". */
void tui_document_why_not(const ql_spec *spec, int knob, char *out, size_t size);

void tui_document_say(tui_document *document, bool is_error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
