/*
 * The terminal: curses started, fed and stopped. Only this file's .c calls curses, on one thread.
 *
 * Without a terminal (`rows` and `cols` given) curses draws on nothing, and tui_terminal_cells reads its screen back: what a
 * screenshot shows is what curses would have sent.
 */
#ifndef TUI_TERMINAL_H
#define TUI_TERMINAL_H

#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/tui.h"

typedef struct tui_terminal_options {
    tui_color color;
    bool headless;
    int rows, cols; /* when headless */
    bool no_mouse;          /* it is left to the terminal */
    bool on_fd;     /* `fd` instead of stdin and stdout: a terminal of the type xterm-256color */
    int fd;         /* borrowed */
} tui_terminal_options;

/* What every repaint ends with. */
#define TUI_FRAME_END "\033[?2026l"

/* Takes over the terminal: `fd`, or stdin and stdout, or /dev/tty where one of them is something else. On failure nothing
   was changed; the message says what is missing. */
ql_status tui_terminal_start(const tui_terminal_options *options, ql_error *error);

/* Gives it back as it was. May be called twice. */
void tui_terminal_stop(void);

/* Whether clicks and the wheel are heard, where the terminal has a mouse. */
void tui_terminal_hear_mouse(bool heard);

/* Where keys come from, for poll; -1 when headless. */
int tui_terminal_fd(void);

/* The size now; asks the terminal. */
void tui_terminal_size(int *rows, int *cols);

/* The next key that has arrived, TUI_KEY_NONE when there is none. Never waits longer than an escape sequence takes. */
tui_key tui_terminal_key(void);

/* What a terminal sends for a key, its size returned; 0: this one has no such key. */
enum { TUI_KEY_BYTES = 64 };
size_t tui_terminal_encode(tui_key key, char out[TUI_KEY_BYTES]);

/* Shows the canvas: sends the cells that differ from what is shown. The cursor is put at (cursor_y, cursor_x), and hidden
   when cursor_y < 0. Follows the canvas in size. Returns whether there was anything to send; it then ends in
   TUI_FRAME_END. */
bool tui_terminal_show(const tui_canvas *canvas, int cursor_y, int cursor_x);

/* Sets the terminal's modes again and draws everything anew at the next show: something else has used it. */
void tui_terminal_forget(void);

/* Leaves the terminal, stops the process until it is continued, and takes the terminal again. */
void tui_terminal_suspend(void);

/* Asks the terminal to put `text` into the clipboard; whether it does cannot be known. False when memory is short. */
bool tui_terminal_copy(const char *text);

/* The screen as curses has it, to cells[rows * cols] of the last size shown. */
void tui_terminal_cells(ql_cell *cells);

#endif
