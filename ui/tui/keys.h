/*
 * The table of keys: one row makes the dispatch, the footer and the help.
 */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include "tui/app.h"
#include "tui/settings.h"

typedef struct tui_binding {
    unsigned contexts; /* tui_context bits: where it works */
    tui_key keys[3];   /* each does the same */
    tui_act act;
    int argument;
    const char *label; /* the key up to the first space, then the name, which is also that of its command: "s scheme" */
    int rank;          /* footer: the lower, the sooner it is shown; 0: never */
    const char *help;  /* a sentence for the help */
} tui_binding;

/* One line of the help: a row of the table of keys, of views, of commands, or of settings. */
typedef struct tui_entry { /* one of them, the others NULL */
    const tui_binding *binding;
    const tui_view *view;
    const tui_command *command;
    const tui_setting *setting;
} tui_entry;

/* All entries in display order; false at the end. */
bool tui_keys_at(size_t index, tui_entry *out);

/* The keys of an entry as the help shows them ("j <Down>"), and its sentence. */
enum { TUI_ENTRY_KEYS = 40 };
void tui_entry_keys(const tui_entry *entry, char out[TUI_ENTRY_KEYS]);
const char *tui_entry_help(const tui_entry *entry);

/* What the command line calls it: "type-spec"; "" when it works only where it is said. */
enum { TUI_ENTRY_NAME = 32 };
void tui_entry_name(const tui_entry *entry, char out[TUI_ENTRY_NAME]);

/* What the key does now, as the help says it; NULL: nothing, or it is text that is being typed. */
const char *tui_keys_meaning(const tui_app *app, tui_key key);

/* Does what the key means where app->context is; other printable characters go to the line that is being typed. */
void tui_keys_dispatch(tui_app *app, tui_key key);

/* Does what an entry says, as if its key had been pressed in the view; a command is put into the command line. */
void tui_keys_run(tui_app *app, const tui_entry *entry);

/* The footer: as many keys of the context as fit, in the order of the table, chosen by rank. */
void tui_keys_footer(tui_app *app, int y, int cols);

#endif
