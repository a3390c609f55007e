/*
 * The command line: what keys do, by name (":zoom"), and what takes a word (":open FILE").
 *
 * A row of the table in commands.c makes the command, its line in the help and its completion. What a key does is a command
 * under the name that its label has (keys.h).
 */
#ifndef TUI_COMMANDS_H
#define TUI_COMMANDS_H

#include <stddef.h>

struct tui_app;

/* What a word can be completed to. */
enum { TUI_CANDIDATES = 64, TUI_CANDIDATE_SIZE = 256 };
typedef struct tui_candidates {
    size_t count;
    char texts[TUI_CANDIDATES][TUI_CANDIDATE_SIZE];
} tui_candidates;

typedef struct tui_command {
    const char *name;
    const char *argument; /* as the help calls it */
    const char *help;     /* a sentence, the argument first */
    void (*run)(struct tui_app *app, const char *argument);
    /* Adds what begins with `word`; may read folders: called for Tab only. */
    void (*complete)(const struct tui_app *app, const char *word, tui_candidates *out);
} tui_command;

/* In display order; NULL at the end. */
const tui_command *tui_command_at(size_t index);

#endif
