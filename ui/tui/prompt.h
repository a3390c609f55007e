/* The command line while it is typed: history, completion, and what it means. */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include "tui/commands.h"
#include "tui/line.h"

/* Beside the line that is being typed: what was typed before, and what Tab goes through. */
enum { TUI_PROMPT_HISTORY = 32 };
typedef struct tui_prompt {
    char history[TUI_PROMPT_HISTORY][TUI_LINE_BYTES]; /* oldest first */
    size_t count, at;                                 /* at == count: the line is a new one, `draft` */
    char draft[TUI_LINE_BYTES];
    char stem[TUI_LINE_BYTES]; /* the line before the word that Tab completes */
    tui_candidates candidates; /* count 0: Tab was not pressed since the line changed */
    size_t candidate;          /* the one that is in the line; candidates.count: none yet */
} tui_prompt;

/* Starts typing a command that begins with `text`. */
void tui_prompt_open(struct tui_app *app, const char *text);
void tui_prompt_changed(struct tui_app *app);
void tui_prompt_complete(struct tui_app *app, int direction);
void tui_prompt_recall(struct tui_app *app, int direction);
/* Does what the line says and keeps it in the history. */
void tui_prompt_run(struct tui_app *app);
/* What could be typed: names, candidates, or what the command does. */
void tui_prompt_draw(struct tui_app *app, tui_rect rect);

#endif
